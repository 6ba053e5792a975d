"""What is said of the machine's trouble."""

import errno
import os
import pwd

import pytest

from ensemble_switchover.errors import TrainingError
from ensemble_switchover.machine.system_errors import machine_trouble, sentence_of


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "Broken pipe"),
        (OSError(errno.ENOSPC, "No space left on device", "a"), "a: No space left on device; make"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "a"), "a: Disk quota exceeded; the quota"),
        (OSError(errno.EFBIG, "File too large"), "File too large; files may not be that large"),
        (OSError(errno.EMFILE, "Too many open files", "a"), "a: Too many open files; `ulimit -n`"),
        (OSError(errno.ESTALE, "Stale file handle", "a"), "a: Stale file handle; its file server"),
        (OSError("a text of its own\nand more"), "a text of its own"),
        (ModuleNotFoundError("No module named 'sklearn'"), "ModuleNotFoundError: No module"),
        (RuntimeError("unable to write: No space left on device (28)"), "RuntimeError: unable to"),
        (RuntimeError("can't start new thread"), "RuntimeError: can't start new thread"),
        (RuntimeError("Could not determine home directory."), "RuntimeError: Could not determine"),
        (KeyError("getpwuid(): uid not found: 4711"), "KeyError: 'getpwuid(): uid not found"),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), "RuntimeError: CUDA"),
        (caused(RuntimeError("compiling"), OSError(errno.EIO, "Input/output error", "b")), "b: In"),
    ],
)
def test_what_is_of_the_machine_is_one_sentence(error, expected):
    said = machine_trouble(error)
    assert said is not None
    assert said.startswith(expected)
    assert "\n" not in said
    assert "Errno" not in said


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes do not match"),
        RuntimeError("CUDA out of memory"),
        MemoryError(),
        ValueError("k"),
        caused(TrainingError("explained"), OSError(errno.EIO, "Input/output error")),
        caused(RuntimeError("compiling"), TypeError("no")),
    ],
)
def test_what_is_of_the_run_is_not_of_the_machine(error):
    assert machine_trouble(error) is None


def test_where_a_file_system_is_full_its_runs_are_told_the_same(tmp_path):
    for number in (errno.ENOSPC, errno.EROFS, errno.EIO):
        said = {
            machine_trouble(OSError(number, "text", str(tmp_path / run)), tmp_path)
            for run in ("one", "two")
        }
        assert len(said) == 1
    refused = OSError(errno.EACCES, "Permission denied", str(tmp_path / "one"))
    assert str(tmp_path / "one") in (machine_trouble(refused, tmp_path) or "")


@pytest.fixture
def of_somebody(tmp_path):
    """Make a folder that only its owner, who is not this process, may write."""
    tmp_path.chmod(0o755)
    (tmp_path / "folder").mkdir(0o755)
    (tmp_path / "folder" / "file").touch()
    return tmp_path / "folder"


def refusal(path):
    return sentence_of(PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)))


def test_a_refusal_names_the_folder_its_owner_and_what_helps(of_somebody, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, right, **_: right != os.W_OK)
    owner = pwd.getpwuid(of_somebody.stat().st_uid).pw_name
    for name in ("file", "new", "new/below/it"):
        said = refusal(of_somebody / name)
        assert said.startswith(f"{of_somebody / name}: Permission denied; {of_somebody} is {owner}")
        assert "'s (drwxr-xr-x), and you are " in said
        assert f"`chmod -R g+rwX {of_somebody}` by {owner} opens it to the group" in said


def test_a_refusal_to_strangers_of_the_group_asks_for_the_right(of_somebody, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, right, **_: right != os.W_OK)
    monkeypatch.setattr(os, "getegid", lambda: -1)
    monkeypatch.setattr(os, "getgroups", list)
    assert "for the right, or name another place" in refusal(of_somebody / "new")


def test_users_without_a_name_are_told_by_number(of_somebody, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, right, **_: right != os.W_OK)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: {}[number])
    assert f"is user {os.geteuid()}'s" in refusal(of_somebody / "new")


def test_a_file_that_may_not_be_read_is_the_one_that_refuses(of_somebody, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, right, **_: right == os.X_OK)
    assert f"; {of_somebody / 'file'} is " in refusal(of_somebody / "file")


def test_a_folder_that_may_not_be_entered_is_the_one_that_refuses(of_somebody, monkeypatch):
    closed = str(of_somebody)
    monkeypatch.setattr(os, "access", lambda path, right, **_: str(path) != closed)
    assert f"; {of_somebody} is " in refusal(of_somebody / "file")
