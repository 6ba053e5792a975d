"""Where commands write, and where they do not."""

import os
import resource
import socket
import threading
from pathlib import Path

import pytest

from ensemble_switchover import advise, dashboard, explore, report
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results import __main__ as results
from ensemble_switchover.results.layout import DESCRIPTION_FILE, unfinished_folder
from ensemble_switchover.results.output_path import require_output_file, require_output_folder
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record
from tests.reporting.undrawn import ENCODE, draw_nothing

KEPT = ("weights.safetensors", "notes.txt", predictions_file(3))


@pytest.fixture
def run(tmp_path):
    """Write a run with further files, and return its folder."""
    record = make_record()
    write_record(tmp_path / "demo" / record.name, record, dict.fromkeys(KEPT, b"kept"))
    return tmp_path / "demo" / record.name


def test_every_file_of_a_run_is_refused(run):
    for path in (*run.iterdir(), run / "failure.json", run / "run.log"):
        with pytest.raises(ConfigError, match=f"--out .*{path.name}: is a file of the run {run}"):
            require_output_file("--out", path, "page.html")


def test_files_of_failed_and_unfinished_runs_are_refused(tmp_path):
    write_failure(tmp_path / "demo" / "failed", "failed", "diverged")
    unfinished = unfinished_folder(tmp_path / "demo" / "begun")
    (unfinished / "checkpoints").mkdir(parents=True)
    for path in (
        tmp_path / "demo" / "failed" / "failure.json",
        unfinished / DESCRIPTION_FILE,
        unfinished / "checkpoints" / "000001.checkpoint",
    ):
        with pytest.raises(ConfigError, match="is a file of the run"):
            require_output_file("--out", path, "page.html")


def test_no_folder_is_made_a_run(tmp_path):
    with pytest.raises(ConfigError, match=r"record\.json: is a file of the run"):
        require_output_file("--out", tmp_path / "record.json", "page.html")


def test_a_link_to_a_file_of_a_run_is_refused(run, tmp_path):
    (tmp_path / "page.html").symlink_to(run / "record.json")
    (tmp_path / "folder").symlink_to(run)
    for path in (tmp_path / "page.html", tmp_path / "folder" / "epochs.parquet"):
        with pytest.raises(ConfigError, match="is a file of the run"):
            require_output_file("--out", path, "page.html")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"is a folder; expected a file such as page\.html"):
        require_output_file("--out", tmp_path, "page.html")
    with socket.socket(socket.AF_UNIX) as listening:
        address = os.path.relpath(tmp_path / "s")  # its length is limited
        listening.bind(address)
        with pytest.raises(ConfigError, match="is a socket"):
            require_output_file("--out", tmp_path / "s", "page.html")


def test_everything_else_is_taken(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    for path in (
        run / "ensemble.onnx",
        run.parent / "explorer.html",
        tmp_path / "config.yaml",
        tmp_path / "pipe",
        tmp_path / "link",
        Path("/dev/null"),
        Path("/dev/stdout"),
    ):
        require_output_file("--out", path, "page.html")


def test_a_folder_of_a_run_is_no_folder_of_a_report(run, tmp_path):
    (tmp_path / "file").touch()
    for path, message in (
        (run, "is the folder of a run"),
        (unfinished_folder(run), "is the folder of a run"),
        (tmp_path / "file", "is a file; expected a folder"),
        (Path("/dev/null"), "is a file; expected a folder"),
    ):
        with pytest.raises(ConfigError, match=message):
            require_output_folder("--out", path)
    require_output_folder("--out", run / "report")
    require_output_folder("--out", tmp_path / "new")


COMMANDS = {
    "explore": (explore.main, "--out", "page.html"),
    "results": (results.main, "--export", "runs.csv"),
    "parquet": (results.main, "--export", "runs.parquet"),
    "dashboard": (lambda given: dashboard.main([*given, "--dry-run"]), "--out", "page.json"),
}


@pytest.fixture(params=COMMANDS)
def command(request, run, capsys, monkeypatch):
    """Call a command that writes a file, and return its exit code and what it printed."""
    monkeypatch.setattr(ENCODE, draw_nothing)
    main, option, name = COMMANDS[request.param]

    def call(out):
        code = main([str(run.parent), option, str(out)])
        return code, *capsys.readouterr()

    call.name = name
    return call


def test_commands_write_through_links_and_pipes_and_never_over_a_run(command, run, tmp_path):
    plain, link, pipe = (tmp_path / kind / command.name for kind in ("plain", "link", "pipe"))
    for path in (plain, link, pipe):
        path.parent.mkdir()
    assert command(plain)[0] == 0
    content = plain.read_bytes()

    target = tmp_path / "target"
    target.touch()
    link.symlink_to(target)
    assert command(link)[0] == 0
    assert link.is_symlink()
    assert target.read_bytes()[:100] == content[:100]

    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    assert command(pipe)[0] == 0
    reader.join()
    assert [part[:100] for part in received] == [content[:100]]
    assert pipe.is_fifo()
    assert list(pipe.parent.iterdir()) == [pipe]

    before = {path: path.read_bytes() for path in run.iterdir()}
    link.unlink()
    link.symlink_to(run / "record.json")
    code, printed, complaint = command(link)
    assert (code, printed) == (2, "")
    assert "is a file of the run" in complaint
    assert len(complaint.splitlines()) == 1
    assert before == {path: path.read_bytes() for path in run.iterdir()}


def test_on_a_full_disk_commands_say_so_and_leave_nothing(command, tmp_path):
    out = tmp_path / "new" / command.name
    out.parent.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        code, printed, complaint = command(out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, printed) == (1, "")
    assert complaint.endswith(
        ": File too large; files may not be that large there; `ulimit -f` shows the limit\n"
    )
    assert len(complaint.splitlines()) == 1
    assert list(out.parent.iterdir()) == []


def test_a_report_that_does_not_fit_leaves_nothing_of_itself(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ENCODE, draw_nothing)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        code = report.main([str(run.parent), "--out", str(tmp_path / "report")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"cannot write the report: {tmp_path / 'report'}/")
    assert "File too large" in complaint
    assert len(complaint.splitlines()) == 1
    assert not (tmp_path / "report").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.skipif(
    not all(folder.stat().st_mode & 0o001 for folder in Path(__file__).parents),
    reason="no other user may enter the folder of this checkout",
)
def test_what_only_reads_needs_no_right_to_write(capsys, monkeypatch, tmp_path_factory):
    monkeypatch.setattr(ENCODE, draw_nothing)
    place = tmp_path_factory.mktemp("of_root")
    record = make_record()
    write_record(place / "demo" / record.name, record)
    for folder in (place, *place.parents):
        if folder.stat().st_uid == os.geteuid() and folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(0o755)
    (place / "demo" / ".unfinished").chmod(0o755)
    study = str(place / "demo")
    place.chmod(0o755)
    os.seteuid(65_534)
    try:
        assert advise.main([study]) == 0
        assert results.main([study]) == 0
        assert capsys.readouterr().err == ""
        for main in (report.main, explore.main):
            assert main([study]) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert f"Permission denied; {study} is root's (drwxr-xr-x), and you are " in line
    finally:
        os.seteuid(0)
