"""Where caches are, and what happens where none can be written."""

import os
import sys
from pathlib import Path

import pytest

from ensemble_switchover.machine.caches import (
    NO_FOLDER,
    cache_folder,
    check_cache,
    optional_cache,
    uncached_text,
)


def test_the_folder_is_the_chosen_one_else_of_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("/data/cache", "calibrations") == Path("/data/cache/calibrations")
    if sys.platform == "linux":
        assert cache_folder(None, "arrays") == tmp_path / "ensemble_switchover" / "arrays"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the variables are others")
@pytest.mark.parametrize("home", [None, "", "relative", os.devnull])
def test_without_a_home_the_folder_is_one_that_cannot_be_made(home, monkeypatch, untold, log_lines):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)  # no user of this system
    assert NO_FOLDER in cache_folder(None, "arrays").parents
    check_cache(None)
    check_cache(None)
    assert log_lines == [
        "nothing can be cached for this user (no home folder is known), so images are decoded and "
        "designs are timed anew each time; dataset.cache= takes a folder that can be written"
    ]


def test_nothing_is_said_of_a_folder_that_can_be_written(tmp_path, untold, log_lines):
    check_cache(str(tmp_path / "new" / "cache"))
    with optional_cache(tmp_path / "new" / "cache"):
        (tmp_path / "new" / "cache").mkdir(parents=True)
    assert log_lines == []


@pytest.mark.parametrize("name", ["file/cache", "x" * 5000])
def test_a_folder_that_cannot_be_made_is_named(name, tmp_path, untold, log_lines):
    (tmp_path / "file").write_text("")
    check_cache(str(tmp_path / name))
    assert log_lines[0].startswith(f"nothing can be cached in {tmp_path / name} (")


def test_other_errors_pass(tmp_path, untold, log_lines):
    with pytest.raises(ValueError, match="no error of the system"), optional_cache(tmp_path):
        raise ValueError("no error of the system")
    assert log_lines == []


def test_the_reason_is_the_systems(tmp_path, untold, log_lines):
    with optional_cache(tmp_path):
        raise OSError(30, "Read-only file system")
    assert log_lines == [uncached_text(tmp_path, "Read-only file system")]


def test_a_home_that_is_not_known_is_no_folder_of_a_cache(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert NO_FOLDER in cache_folder("~/cache", "arrays").parents
