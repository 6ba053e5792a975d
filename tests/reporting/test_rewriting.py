"""When a page is written while a sweep runs, by a clock that the tests set."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from ensemble_switchover.reporting.planned_runs import PlannedRun, PlannedRuns
from ensemble_switchover.reporting.rewriting import (
    CORE_SHARE,
    FIRST_SECONDS,
    Rewriting,
    seconds_between,
)

RUNS = PlannedRuns(
    tuple(PlannedRun(f"{cell}{name}", f"{cell}", name) for cell in range(30) for name in "sd"),
    all_are_trained=True,
)
SMALL = frozenset({"0s", "0d"})
PICTURE = frozenset({*SMALL, "1s", "1d"})


def test_the_first_page_comes_with_the_first_picture() -> None:
    rewriting = Rewriting(RUNS, 100.0)

    assert not rewriting.is_due(101.0, frozenset())
    assert not rewriting.is_due(101.0, SMALL)
    assert rewriting.is_due(101.0, PICTURE)


def test_or_after_a_minute_from_whatever_there_is() -> None:
    rewriting = Rewriting(RUNS, 100.0)

    assert not rewriting.is_due(100.0 + FIRST_SECONDS, frozenset())
    assert rewriting.is_due(100.0 + FIRST_SECONDS, frozenset({"0s"}))


def test_nothing_is_rewritten_without_a_new_run() -> None:
    runs = tuple(replace(run, finished_before=run.name in PICTURE) for run in RUNS.runs)
    again = Rewriting(replace(RUNS, runs=runs), 0.0)  # the same command, given again
    assert not again.is_due(1e6, PICTURE)
    assert again.is_due(1.0, PICTURE | {"2s"})

    rewriting = Rewriting(RUNS, 0.0)
    rewriting.note(20.0, PICTURE, 0.3, written=True)
    assert not rewriting.is_due(1e6, PICTURE)


def test_a_page_that_could_not_be_written_is_tried_again_later() -> None:
    rewriting = Rewriting(RUNS, 0.0)
    rewriting.note(20.0, PICTURE, 0.3, written=False)

    assert not rewriting.is_due(29.0, PICTURE)
    assert rewriting.is_due(30.0, PICTURE)


@pytest.mark.parametrize("cost", [0.1, 1.0, 30.0])
def test_pages_get_rarer_and_take_a_twentieth_of_a_core_at_most(cost: float) -> None:
    rewriting = Rewriting(RUNS, 0.0)
    written_at, now = [], 0.0
    while now < 36_000.0:
        finished = PICTURE | {f"{now}"}  # another run finishes every second
        if rewriting.is_due(now, finished):
            written_at.append(now)
            rewriting.note(now, finished, cost, written=True)
        now += 1.0

    gaps = [later - earlier for earlier, later in pairwise(written_at)]
    assert gaps == sorted(gaps)
    assert cost / min(gaps) <= CORE_SHARE
    assert max(gaps) <= max(600.0, cost / CORE_SHARE) + 1.0


def test_the_time_between_two_pages_never_shrinks_as_a_sweep_goes_on() -> None:
    gaps = [seconds_between(float(elapsed), 0.3) for elapsed in range(0, 10_000, 10)]
    assert gaps == sorted(gaps)
