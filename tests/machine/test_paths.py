"""Paths as people type and read them."""

import os
from pathlib import Path

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import is_text, path_problem, readable, user_path

CAFE = os.fsdecode(b"caf\xe9")


def test_bytes_that_are_not_utf8_are_escaped_and_all_else_stays():
    assert readable(CAFE) == r"caf\xe9"
    assert readable(Path(f"a/{CAFE}/é")) == r"a/caf\xe9/é"
    assert readable("\ud800") == r"\ud800"  # no byte stands behind it
    assert (is_text(CAFE), is_text("é\n"), is_text("\ud800")) == (False, True, False)


def test_home_folders_are_expanded_at_the_beginning_alone(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert user_path("~/x") == Path("/home/ada/x")
    assert user_path("~") == Path("/home/ada")
    assert user_path("./~/x") == Path("~/x")
    assert user_path("a/~") == Path("a/~")
    assert user_path("~root/x").is_absolute()


def test_a_home_folder_that_is_not_known_is_one_sentence():
    with pytest.raises(ConfigError) as error:
        user_path("~nobody_of_that_name/x", "results=")
    assert str(error.value) == (
        "results=~nobody_of_that_name/x: the home folder of ~nobody_of_that_name is not known; "
        "expected another path, or ./~nobody_of_that_name/x for a folder of that name"
    )


@pytest.mark.parametrize(
    ("path", "is_possible"),
    [
        ("x" * 255, True),
        ("x" * 256, False),
        ("é" * 128, False),
        ("a/" * 1700, True),
        ("a/" * 1800, False),
        (CAFE, True),
        ("", True),
    ],
)
def test_paths_that_no_file_system_takes_are_told(path, is_possible):
    assert (path_problem(path) is None) is is_possible
