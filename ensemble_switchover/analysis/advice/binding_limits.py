"""Which limits rule out every design, and how far they would have to be relaxed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.limits import (
    Limits,
    Reading,
    amount_used,
    feasible_readings,
    last_allowed_row,
    meets_all,
    read_candidate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate

_LIMITS_ON_EPOCH = ("epochs", "hours")
"""The limits that decide after which epoch a run is read."""


@dataclass(frozen=True, slots=True)
class BindingLimits:
    """A smallest set of limits without which some design would qualify."""

    limits: tuple[str, ...]
    needed: tuple[float, ...]
    """The value that each limit would need, in its unit. For a single limit it is the value nearest
    to the limit; for several it is what `reading` uses."""
    reading: Reading
    """A design that qualifies with these values. Where several limits bind together, it is the
    design with the lowest error among those for which all their quantities were measured."""


def find_binding_limits(candidates: Sequence[Candidate], limits: Limits) -> list[BindingLimits]:
    """Find the smallest sets of limits that rule out every candidate.

    Single limits are tried first; several of them may each suffice. Otherwise pairs are tried,
    and so on.

    Args:
        candidates: Candidates, at least one of them with a finite error.
        limits: Limits that no candidate meets.
    """
    for size in range(1, len(limits.given) + 1):
        found = [_relax(candidates, limits, names) for names in combinations(limits.given, size)]
        bindings = [binding for binding in found if binding is not None]
        if bindings:
            return bindings
    return []


def _relax(
    candidates: Sequence[Candidate], limits: Limits, names: tuple[str, ...]
) -> BindingLimits | None:
    """Return how far the named limits would have to be relaxed; None if that does not suffice."""
    if len(names) == 1:
        nearest = _nearest(candidates, limits, names[0])
        readings = [] if nearest is None else [nearest]
    else:
        readings = feasible_readings(candidates, limits.without(names))
    for reading in readings:
        needed = [value for name in names if (value := amount_used(reading, name)) is not None]
        if len(needed) == len(names):
            return BindingLimits(names, tuple(needed), reading)
    return None


def _nearest(candidates: Sequence[Candidate], limits: Limits, name: str) -> Reading | None:
    """Return the reading that meets every other limit and comes nearest to this one."""
    rest = limits.without((name,))
    nearest: tuple[float, Reading] | None = None
    for candidate in candidates:
        last = last_allowed_row(candidate, rest)
        if last is None:
            continue
        for row in range(last + 1) if name in _LIMITS_ON_EPOCH else (last,):
            reading = read_candidate(candidate, row)
            value = None if reading is None else amount_used(reading, name)
            if reading is None or value is None or not meets_all(reading, rest):
                continue
            distance = -value if name == "accuracy_percent" else value
            if nearest is None or distance < nearest[0]:
                nearest = (distance, reading)
    return None if nearest is None else nearest[1]
