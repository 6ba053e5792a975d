"""A folder that is made while other processes remove it."""

import os
import subprocess
import sys

import pytest

from ensemble_switchover.results.folders import MAKING_TRIES, make_folder

REMOVE = """
import os, sys
while True:
    try:
        os.rmdir(sys.argv[1])
        os.rmdir(os.path.dirname(sys.argv[1]))
    except OSError:
        pass
"""


@pytest.mark.process
def test_others_may_remove_it_at_any_moment(tmp_path):
    folder = tmp_path / "unfinished" / "run"
    others = [subprocess.Popen([sys.executable, "-c", REMOVE, folder]) for _ in range(2)]
    try:
        for _ in range(10_000):
            make_folder(folder)
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.parametrize("error", [FileExistsError, FileNotFoundError])
def test_a_folder_that_was_in_its_way_and_is_gone_is_made_anew(error, tmp_path, monkeypatch):
    make = os.mkdir
    errors = [error, error]

    def mkdir(path, mode=0o777):
        if errors:
            raise errors.pop()(path)
        make(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)
    make_folder(tmp_path / "run")
    assert (tmp_path / "run").is_dir()
    assert not errors


def test_a_file_in_its_way_is_told(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "run")


def test_what_never_can_be_made_is_told_in_the_end(tmp_path, monkeypatch):
    tries = []

    def mkdir(path, mode=0o777):
        tries.append(path)
        raise FileExistsError(path)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "run")
    assert len(tries) == MAKING_TRIES
