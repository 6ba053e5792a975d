"""Thresholds of studies whose test errors are planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.threshold import (
    Threshold,
    find_threshold,
)
from ensemble_switchover.analysis.switchover.verdict import Verdict
from tests.factories import make_study

if TYPE_CHECKING:
    from collections.abc import Callable


PARAMETERS = (92_322, 143_840, 206_734, 281_004, 366_650)

E, S, U, H = Verdict.ENSEMBLE, Verdict.SINGLE, Verdict.UNDECIDED, Verdict.HOLE


def deq_threshold(error: Callable[[str, int, int, int], float], **overrides: object) -> Threshold:
    """Find the threshold of deq in a study with these test errors."""
    records = make_study(error, **overrides)  # type: ignore[arg-type]
    return find_threshold(build_error_grid(records), "deq")
