"""Which limits are in the way where no design fits, and how far they would have to give."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import (
    Fit,
    Limits,
    fit_all,
    keeps,
    last_row,
    read_candidate,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate

READ_BY = ("epochs", "hours")
"""The limits that decide after which epoch a run is read."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Limits that are in the way together: a design fits without them, none without fewer."""

    limits: tuple[str, ...]
    needed: tuple[float, ...]
    """What each would have to be; of one limit the nearest value that would do, of several what
    the design of the lowest error takes that fits without them, and of which all is known."""
    fit: Fit
    """A design that would then fit."""


def find_bindings(candidates: Sequence[Candidate], limits: Limits) -> list[Binding]:
    """Find the fewest limits that are in the way, where no candidate fits all of them.

    Where one limit alone is to blame, there may be several such: each would do. Otherwise the
    pairs are tried, and so on.

    Args:
        candidates: What can be advised; at least one with a finite error.
        limits: Limits that no candidate fits.
    """
    for size in range(1, len(limits.given) + 1):
        found = []
        for names in combinations(limits.given, size):
            if size == 1:
                nearest = _nearest(candidates, limits, names[0])
                fits = [] if nearest is None else [nearest]
            else:
                fits = fit_all(candidates, limits.without(names))
            for fit in fits:
                needed = [value for name in names if (value := taken(fit, name)) is not None]
                if len(needed) == size:
                    found.append(Binding(names, tuple(needed), fit))
                    break
        if found:
            return found
    return []


def _nearest(candidates: Sequence[Candidate], limits: Limits, name: str) -> Fit | None:
    """Return the reading that keeps every other limit and comes nearest to this one."""
    rest = limits.without((name,))
    nearest: tuple[float, Fit] | None = None
    for candidate in candidates:
        last = last_row(candidate, rest)
        if last is None:
            continue
        for row in range(last + 1) if name in READ_BY else (last,):
            fit = read_candidate(candidate, row)
            if fit is None or not all(keeps(fit, rest, other) for other in rest.given):
                continue
            value = taken(fit, name)
            if value is not None:
                distance = -value if name == "accuracy_percent" else value
                if nearest is None or distance < nearest[0]:
                    nearest = (distance, fit)
    return None if nearest is None else nearest[1]
