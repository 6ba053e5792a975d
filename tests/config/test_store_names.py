"""The names that studies may have."""

import os

import pytest

from ensemble_switchover.config import store_names
from ensemble_switchover.config.store_names import OWN_NAMES, expected_of_name

GOOD = ["demo", "2024_05_01", "a b", "été", "日本", "x" * 255, "a,b", "it's", "~", "#1", "reports"]
BAD = [
    "", ".", "..", "a/b", "/", ".unfinished", ".submitit", ".x", "wandb", "WandB", "report", "logs",
    "record.json", "failure.json", "explorer.html", "timed_sweep.json", "--x", "-", "a\tb", "a\n",
    "\x7f", "\u3000", "\u202e", "x" * 256, "é" * 128, os.fsdecode(b"caf\xe9"),
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_folder_of_this_name_can_be_made_and_printed(name):
    assert expected_of_name(name) is None


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_would_be_lost_or_hide_others_is_refused(name):
    assert expected_of_name(name).startswith("the name of a folder")


def test_every_name_of_the_store_is_its_own():
    names = {
        value
        for key, value in vars(store_names).items()
        if key.endswith(("_FILE", "_FOLDER")) and "{" not in value
    }
    assert names == OWN_NAMES
