"""What the seconds of a table are of, in words: of runs themselves, or of their timing passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ensemble_switchover.analysis.conditions import is_of_timing_pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OF_RUNS = "The warm-up epoch counts as a median epoch."
_OF_PASSES = "Every epoch counts as the median epoch of the run's timing pass"


def has_timing_passes(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the times of any row of `tabulate_runs` or its summary are of a timing pass."""
    return _kind(rows) != "run"


def training_time(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say what the training seconds of an epoch are the median of.

    Args:
        rows: Rows of `tabulate_runs` or of its summary.
    """
    return {
        "run": "median epoch of a run without its warm-up",
        "timing pass": "median epoch of a run's timing pass",
        "both": "median epoch of a run without its warm-up, or of its timing pass where its times "
        "are of that",
    }[_kind(rows)]


def seconds_of_epochs(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how the training seconds of several epochs are counted; `rows` as above."""
    return {
        "run": _OF_RUNS,
        "timing pass": f"{_OF_PASSES}.",
        "both": f"{_OF_RUNS} {_OF_PASSES} where its times are of that.",
    }[_kind(rows)]


def _kind(rows: Sequence[Mapping[str, Any]]) -> Literal["run", "timing pass", "both"]:
    passes = {is_of_timing_pass(row["execution_compared"]) for row in rows}
    if len(passes) > 1:
        return "both"
    return "timing pass" if True in passes else "run"
