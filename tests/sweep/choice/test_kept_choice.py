"""The same command goes on with the size that it chose; another one is told to take a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.config.store_names import CHOICE_FILE
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.kept_choice import read_choice, write_choice
from ensemble_switchover.sweep.choice.study_size import StudySize

if TYPE_CHECKING:
    from pathlib import Path

SIZE = StudySize(image_side=16, train_images=3000, epochs=12, budgets=(15_000, 25_000, 37_000))
ASKED: dict[str, object] = {"images": "55fd", "overrides": ["k=2"], "--parameters": None}


def test_what_was_chosen_is_read_again(tmp_path: Path) -> None:
    assert read_choice(tmp_path / "study", ASKED) is None
    write_choice(tmp_path / "study", ASKED, SIZE)
    assert read_choice(tmp_path / "study", ASKED) == SIZE


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"images": "0000"}, "other images"),
        ({"overrides": [], "--parameters": 10}, "other overrides and --parameters"),
    ],
)
def test_a_study_of_something_else_is_named(
    tmp_path: Path, changed: dict[str, object], named: str
) -> None:
    write_choice(tmp_path, ASKED, SIZE)
    with pytest.raises(ConfigError, match=named) as refused:
        read_choice(tmp_path, {**ASKED, **changed})
    assert "--study" in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"asked": {}, "size": {"epochs": "x"}}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / CHOICE_FILE).write_text(text)
    assert read_choice(tmp_path, ASKED) is None
