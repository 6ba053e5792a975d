"""Files that are there whole or not at all."""

import errno
import os
import resource
import stat
import threading
from pathlib import Path

import pytest

from ensemble_switchover.machine.files import (
    make_temporary_folder,
    write_file,
    write_flushed_file,
)

WRITERS = [write_file, write_flushed_file]


@pytest.fixture
def small_files():
    """Let no file grow beyond 1,000 bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def umask():
    before = os.umask(0)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_that_fails_half_way_leaves_the_old_one(write, tmp_path, small_files):
    path = tmp_path / "new" / "table.csv"
    write(path, b"first")
    with pytest.raises(OSError, match="File too large") as refused:
        write(path, b"x" * 2000)
    assert refused.value.filename == str(path)
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_is_replaced(write, tmp_path):
    path = tmp_path / "a" / "timings.json"
    for content in (b"first", b"second"):
        write(path, content)
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o077])
def test_files_and_folders_have_the_rights_that_the_umask_leaves(mask, tmp_path, umask):
    umask(mask)
    write_file(tmp_path / "a" / "file", b"")
    folder = make_temporary_folder(tmp_path)
    assert stat.S_IMODE((tmp_path / "a" / "file").stat().st_mode) == 0o666 & ~mask
    for made in (tmp_path / "a", folder):
        assert stat.S_IMODE(made.stat().st_mode) == 0o777 & ~mask


def test_a_folder_of_a_group_gives_its_group_to_what_is_made_in_it(tmp_path):
    tmp_path.chmod(0o2775)
    assert make_temporary_folder(tmp_path).stat().st_mode & stat.S_ISGID


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path):
    (tmp_path / "private").touch(0o600)
    write_file(tmp_path / "private", b"secret")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_the_longest_name_is_no_obstacle(tmp_path):
    path = tmp_path / ("n" * 255)
    write_file(path, b"content")
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_written(there, tmp_path):
    target, link = tmp_path / "elsewhere" / "page.html", tmp_path / "page.html"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to("middle")
    (tmp_path / "middle").symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_a_link_leads_to_is_made(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new" / "folder")
    write_file(tmp_path / "link" / "a" / "file", b"content")
    assert (tmp_path / "new" / "folder" / "a" / "file").read_bytes() == b"content"


def test_links_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="symbolic links") as refused:
        write_file(tmp_path / "a", b"")
    assert refused.value.errno == errno.ELOOP


def test_a_pipe_is_written_through(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"content" * 50_000)
    reader.join()
    assert received == [b"content" * 50_000]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_devices_are_written_through():
    devices = [Path("/dev/null"), Path("/dev/full")]
    before = [device.stat().st_mode for device in devices]
    write_file(Path("/dev/null"), b"content")
    with pytest.raises(OSError, match="No space left") as refused:
        write_file(Path("/dev/full"), b"content")
    assert refused.value.filename == "/dev/full"
    assert [device.stat().st_mode for device in devices] == before


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_an_open_file_is_written_where_it_stands(name, tmp_path):
    with (tmp_path / "log").open("wb", buffering=0) as file:
        file.write(b"before ")
        link = tmp_path / "link"
        link.symlink_to(name.format(file.fileno()))
        for path in (Path(name.format(file.fileno())), link):
            write_file(path, b"content ")
        file.write(b"after")
    assert (tmp_path / "log").read_bytes() == b"before content content after"


def test_a_reader_that_has_left_an_open_pipe_is_no_error():
    ours, theirs = os.pipe()
    os.close(ours)
    write_file(Path(f"/dev/fd/{theirs}"), b"content")
    os.close(theirs)
