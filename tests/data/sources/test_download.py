"""Downloads from a misbehaving server on this machine."""

import errno
import hashlib
import io
import multiprocessing
import resource
import socket

import pytest
from rich.console import Console

from ensemble_switchover.data.sources import download
from ensemble_switchover.data.sources.download import ATTEMPTS, RemoteFile
from ensemble_switchover.errors import DataError

CONTENT = bytes(range(256)) * 1000
NAME = "images.bin"


def fetch(file, root, dataset, mirror=None):
    (path,) = download.fetch([file], root, dataset, mirror)
    return path


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def remote(server, content=CONTENT):
    return RemoteFile(url=f"{server.address}/{NAME}", md5=md5(content))


def names_in(folder):
    return {path.name for path in folder.iterdir()} - {f"{NAME}.lock"}


def assert_whole(path, root):
    assert path == root / NAME
    assert path.read_bytes() == CONTENT
    assert names_in(root) == {NAME}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "not" / "yet"


@pytest.fixture(autouse=True)
def files(server):
    server.files[NAME] = CONTENT


def test_a_file_is_fetched_once(server, root):
    for _ in range(2):
        assert_whole(fetch(remote(server), root, "ants"), root)
    assert server.requests == [(NAME, None)]


def test_a_file_that_is_there_needs_no_server_and_no_right_to_write(server, root, monkeypatch):
    root.mkdir(parents=True)
    (root / NAME).write_bytes(CONTENT)
    monkeypatch.setattr(download, "FileLock", lambda path: pytest.fail(f"wrote {path}"))
    fetch(remote(server), root, "ants")
    assert server.requests == []


def test_a_mirror_is_asked_instead(server, root):
    published = RemoteFile(url=f"http://127.0.0.1:9/far/away/{NAME}", md5=md5(CONTENT))
    assert_whole(fetch(published, root, "ants", f"{server.address}/"), root)


@pytest.mark.parametrize("cuts", [[len(CONTENT) // 2], [1, 0, 70_000, 5], [0]])
def test_a_connection_that_is_cut_is_taken_up_where_it_ended(server, root, cuts):
    server.cut_after = list(cuts)
    assert_whole(fetch(remote(server), root, "ants"), root)
    ends = [sum(cuts[:count]) for count in range(len(cuts) + 1)]
    assert server.requests == [(NAME, f"bytes={end}-" if end else None) for end in ends]


def test_what_arrived_before_the_program_ended_is_kept(server, root):
    server.cut_after = [1000] + [0] * ATTEMPTS
    with pytest.raises(DataError, match=f"ended after 1,000 of {len(CONTENT):,} bytes"):
        fetch(remote(server), root, "ants")
    assert names_in(root) == {f"{NAME}.part"}
    assert (root / f"{NAME}.part").read_bytes() == CONTENT[:1000]
    server.requests.clear()
    assert_whole(fetch(remote(server), root, "ants"), root)
    assert server.requests == [(NAME, "bytes=1000-")]


def test_a_server_without_ranges_sends_it_all_again(server, root):
    server.cut_after, server.has_ranges = [1000], False
    assert_whole(fetch(remote(server), root, "ants"), root)
    assert [asked for _, asked in server.requests] == [None, "bytes=1000-"]


def test_another_range_than_asked_for_is_not_appended(server, root):
    server.cut_after, server.wrong_range = [1000], True
    assert_whole(fetch(remote(server), root, "ants"), root)


@pytest.mark.parametrize(
    "remnant", [b"something else", CONTENT, CONTENT + b"x", CONTENT[:-1] + b"x"]
)
def test_whatever_was_left_the_file_is_whole_in_the_end(server, root, remnant):
    root.mkdir(parents=True)
    (root / f"{NAME}.part").write_bytes(remnant)
    assert_whole(fetch(remote(server), root, "ants"), root)


def test_a_server_that_fails_for_a_moment_is_asked_again(server, root):
    server.fail_with = [503, 500]
    assert_whole(fetch(remote(server), root, "ants"), root)


def test_a_server_that_is_silent_is_asked_again(server, root, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.05)
    server.pause_seconds = 0.5
    with pytest.raises(DataError, match="timed out"):
        fetch(remote(server), root, "ants")
    assert len(server.requests) == ATTEMPTS


def assert_one_line(error, url, root):
    text = str(error.value)
    assert "\n" not in text
    for word in ("dataset=ants: ", NAME, url, str(root), "dataset.root="):
        assert word in text
    return text


@pytest.mark.parametrize(("code", "requests"), [(404, 1), (403, 1), (503, ATTEMPTS)])
def test_a_refusal_is_one_clear_line(server, root, code, requests):
    server.fail_with = [code] * ATTEMPTS
    with pytest.raises(DataError) as error:
        fetch(remote(server), root, "ants")
    assert f"the server answers {code}" in assert_one_line(error, server.address, root)
    assert len(server.requests) == requests
    assert names_in(root) == set()


def test_no_network_is_one_clear_line_at_once(root, monkeypatch):
    asked = []

    def no_name(*args, **kwargs):
        asked.append(args)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    url = f"https://images.example/{NAME}"
    with pytest.raises(DataError) as error:
        fetch(RemoteFile(url=url, md5=md5(CONTENT)), root, "ants")
    assert "Name or service not known" in assert_one_line(error, url, root)
    assert len(asked) == 1


def test_without_a_network_all_absent_files_are_named(server, root):
    others = [RemoteFile(url=f"http://127.0.0.1:9/{name}", md5="0") for name in ("b.mat", "c.mat")]
    with pytest.raises(DataError) as error:
        download.fetch([remote(server), *others], root, "ants")
    text = str(error.value)
    assert "b.mat cannot be downloaded from http://127.0.0.1:9/b.mat (Connection refused)" in text
    assert f"put b.mat and c.mat into {root}, or set dataset.root=" in text
    assert f"{NAME} and b.mat and c.mat" in text


def test_a_wrong_checksum_is_one_clear_line_and_leaves_nothing(server, root):
    with pytest.raises(DataError) as error:
        fetch(remote(server, b"other"), root, "ants")
    text = assert_one_line(error, server.address, root)
    assert f"expected MD5 {md5(b'other')}, got {md5(CONTENT)}" in text
    assert names_in(root) == set()


def test_a_file_of_the_users_that_is_not_the_published_one_is_left_alone(server, root):
    root.mkdir(parents=True)
    (root / NAME).write_bytes(b"mine")
    with pytest.raises(DataError, match=f"{root / NAME} is not the published file: expected MD5"):
        fetch(remote(server), root, "ants")
    assert (root / NAME).read_bytes() == b"mine"
    assert server.requests == []


def test_a_root_that_is_a_file_is_one_clear_line(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=f"cannot be kept in {tmp_path / 'file'} "):
        fetch(remote(server), tmp_path / "file", "ants")


def test_a_disk_that_fills_up_is_one_clear_line_and_leaves_nothing(server, root):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(DataError) as error:
            fetch(remote(server), root, "ants")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"cannot be kept in {root} (File too large); make room" in str(error.value)
    assert names_in(root) == set()
    assert_whole(fetch(remote(server), root, "ants"), root)


def test_a_folder_that_cannot_be_written_is_one_clear_line(server, root, monkeypatch):
    def refuse(path):  # root may write anywhere
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(download, "FileLock", refuse)
    with pytest.raises(DataError, match=r"\(Permission denied\)"):
        fetch(remote(server), root, "ants")


def fetch_together(file, root, barrier, answers):
    barrier.wait()
    answers.put(md5(fetch(file, root, "ants").read_bytes()))


@pytest.mark.process
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_of_two_processes_that_start_at_once_one_downloads(server, root):
    server.pause_seconds = 0.1
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=fetch_together, args=(remote(server), root, barrier, answers))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    assert [answers.get(timeout=60) for _ in processes] == [md5(CONTENT)] * 2
    for process in processes:
        process.join()
    assert len(server.requests) == 1
    assert names_in(root) == {NAME}


@pytest.mark.parametrize("terminal", [True, False])
def test_there_is_a_progress_bar_on_a_terminal_only(server, root, monkeypatch, terminal):
    shown = io.StringIO()
    monkeypatch.setattr(
        download,
        "Console",
        lambda stderr: Console(file=shown, force_terminal=terminal, width=100),
    )
    fetch(remote(server), root, "ants")
    assert (NAME in shown.getvalue()) == terminal
