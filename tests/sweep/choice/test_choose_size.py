"""A size is chosen by predicted seconds, kept, and refused where none fits. Nothing is timed."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.config.store_names import CHOICE_FILE
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice import choose_size as module
from ensemble_switchover.sweep.choice.choose_size import FIRST_ANSWER_SHARE, choose_size
from ensemble_switchover.sweep.choice.own_images import look_at
from tests.sweep.choice.own_folders import make_images, make_study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.sweep.choice.choose_size import ChosenStudy

START_SECONDS = 4.0


class Stopwatch:
    """Predicts seconds from what a block trains, and counts how often designs are timed."""

    def __init__(self) -> None:
        self.times_timed = 0
        self.overheads = SimpleNamespace(start_seconds=START_SECONDS)

    def predictor(self, *_: object) -> Stopwatch:
        self.times_timed += 1
        return self

    def seconds(self, block: Sequence[RunSpec], *, decoded: bool) -> float:
        assert not decoded
        work = (
            s.recipe.epochs * s.train_size * s.task.size**2 * s.budget.parameters for s in block
        )
        return sum(work) / 1e9


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(module, "block_predictor", made.predictor)
    return made


def _choose(tmp_path: Path, minutes: float, *overrides: str) -> ChosenStudy:
    root = tmp_path / "own"
    if not root.exists():
        make_images(root)
    study = make_study(root, tmp_path / "results", *overrides)
    return choose_size(
        study,
        look_at(root, overrides),
        most_parameters=None,
        seconds=60 * minutes,
        begin=time.monotonic(),
        command_of=lambda seconds: f"choose --minutes {seconds / 60:g}",
    )


def test_the_first_answer_takes_at_most_a_third_and_more_time_gives_more(
    stopwatch: Stopwatch, tmp_path: Path
) -> None:
    few = _choose(tmp_path / "few", 20)
    many = _choose(tmp_path / "many", 2000)
    for chosen, minutes in ((few, 20), (many, 2000)):
        assert chosen.first_seconds is not None
        assert START_SECONDS < chosen.first_seconds <= FIRST_ANSWER_SHARE * 60 * minutes
    assert few.size.image_side <= many.size.image_side
    assert few.size.epochs < many.size.epochs
    assert stopwatch.times_timed == 4


def test_what_was_chosen_stays_and_is_not_timed_again(stopwatch: Stopwatch, tmp_path: Path) -> None:
    first = _choose(tmp_path, 20)
    assert (tmp_path / "results" / "own" / CHOICE_FILE).is_file()
    again = _choose(tmp_path, 2000)
    assert (again.size, again.overrides, again.first_seconds) == (
        first.size,
        first.overrides,
        None,
    )
    assert stopwatch.times_timed == 2
    with pytest.raises(ConfigError, match="holds a study of other overrides"):
        _choose(tmp_path, 20, "k=2")


@pytest.mark.usefixtures("stopwatch")
def test_too_little_time_names_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"0.1 minutes are too few .* expected about (\d+): choose --minutes \1$"
    ):
        _choose(tmp_path, 0.1)
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("stopwatch")
def test_stated_seeds_and_budgets_are_those_of_the_first_block(tmp_path: Path) -> None:
    chosen = _choose(tmp_path, 2000, "seed=0,1,2,3", "budget.parameters=20k", "epochs=3")
    assert chosen.size.budgets == ()
    assert chosen.size.epochs == 3
    assert chosen.overrides[-3:] == ["seed=0,1,2,3", "budget.parameters=20k", "epochs=3"]
