"""Comparisons whose answers are planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from tests.factories import make_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.analysis.claims import Claim
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.results.record import Record

WIDTHS = (8, 10, 12, 14)
PARAMETERS = (92_322, 143_840, 206_734, 281_004)


def from_column(first: int, lead: float = 2.0) -> Callable[[int, int], float]:
    """Lead from a budget on, by so many percentage points; lose by as many before."""
    return lambda column, epoch: lead if column >= first else -lead


def make_records(
    deq: Callable[[int, int], float],
    weq: Callable[[int, int], float],
    noise: float = 0.05,
    step: float = 0.0,
    **kw: Any,
) -> list[Record]:
    """Make a study in which deq and weq lead the single network as given, `(column, epoch)`.

    In all classes every seed is worse by a step than the one before it.
    """
    leads = {"single": lambda column, epoch: 0.0, "deq": deq, "weq": weq}

    def error(name: str, column: int, epoch: int, seed: int) -> float:
        own = noise * ((3 * seed + len(name) + (name == "weq") + column + epoch) % 4)
        return 30.0 - epoch + step * seed - leads[name](column, epoch) + own * (name != "single")

    return make_study(error, widths=WIDTHS, num_epochs=4, **kw)


def find(records: Sequence[Record]) -> list[Finding]:
    """Derive the findings of every comparison."""
    return [derive_finding(comparison) for comparison in group_comparisons(records)]


def find_one(*args: Any, **kw: Any) -> Finding:
    """Derive the finding of a planted study."""
    (finding,) = find(make_records(*args, **kw))
    return finding


def answer(claim: Claim) -> str:
    """Return the answer in words."""
    return claim.answer.value
