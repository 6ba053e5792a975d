"""What a user has, and how a design is read within it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.statistics import Interval, paired_t_interval, sample_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate, TrainedDesign

SECONDS_OF_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a user has; an absent limit limits nothing."""

    parameters: int | None = None
    """Trainable parameters of all members, at most."""
    epochs: int | None = None
    """Epochs of training, at most."""
    hours: float | None = None
    """Hours of training, at most; evaluation left out."""
    memory_bytes: int | None = None
    """Peak memory of training, at most."""
    latency_ms: float | None = None
    """Milliseconds of inference per image, one member after another, at most."""
    fastest_latency_ms: float | None = None
    """The same, by the fastest execution that was measured."""
    accuracy_percent: float | None = None
    """Accuracy that is wanted, at least."""

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the limits that are there."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is not None)

    def without(self, names: Collection[str]) -> Limits:
        """Return the limits less some of them."""
        kept = {name: getattr(self, name) for name in self.given if name not in names}
        return Limits(**kept)


@dataclass(frozen=True, slots=True)
class Fit:
    """A candidate, read after the last epoch that the limits allow."""

    candidate: Candidate
    row: int
    """Index of that epoch."""
    error: float
    """Mean error over the seeds, in percent."""
    interval: Interval | None
    """Its t interval; None where there is no spread."""
    num_seeds: int

    @property
    def design(self) -> TrainedDesign:
        """The design to build."""
        return self.candidate.design

    @property
    def epoch(self) -> int:
        """The epochs that it is trained for."""
        return self.design.epochs[self.row]

    @property
    def seconds(self) -> float | None:
        """Training seconds until the end of that epoch; None where they were not measured."""
        cost = self.candidate.cost
        return None if cost is None else cost.seconds[self.row]

    @property
    def seconds_std(self) -> float | None:
        """Their sample standard deviation over the seeds."""
        cost = self.candidate.cost
        return None if cost is None or cost.seconds_std is None else cost.seconds_std[self.row]


def fit_candidate(candidate: Candidate, limits: Limits) -> Fit | None:
    """Read a candidate after the last epoch that the limits allow; None if it does not fit.

    Epochs and hours decide where a run is read, the last epoch within both; the other limits
    decide whether it fits. What was not measured fits no limit.
    """
    row = last_row(candidate, limits)
    if row is None:
        return None
    fit = read_candidate(candidate, row)
    fits = fit is not None and all(keeps(fit, limits, name) for name in limits.given)
    return fit if fits else None


def read_candidate(candidate: Candidate, row: int) -> Fit | None:
    """Read the error of a candidate after one epoch; None if no seed has a finite one."""
    errors = list(finite_errors(candidate.design, row).values())
    if not errors:
        return None
    return Fit(candidate, row, sample_mean(errors), paired_t_interval(errors), len(errors))


def finite_errors(design: TrainedDesign, row: int) -> dict[int, float]:
    """Return the error in percent of each seed after an epoch; what is no number is no sample."""
    return {seed: e[row] for seed, e in design.errors.items() if math.isfinite(e[row])}


def last_row(candidate: Candidate, limits: Limits) -> int | None:
    """Return the index of the last epoch within the epochs and hours; None if there is none."""
    rows = [
        row
        for row, epoch in enumerate(candidate.design.epochs)
        if (limits.epochs is None or epoch <= limits.epochs)
        and (limits.hours is None or _within_hours(candidate, row, limits.hours))
    ]
    return rows[-1] if rows else None


def keeps(fit: Fit, limits: Limits, name: str) -> bool:
    """Tell whether a fit keeps one of the limits."""
    value, limit = taken(fit, name), getattr(limits, name)
    if value is None:
        return False
    return bool(value >= limit) if name == "accuracy_percent" else bool(value <= limit)


def taken(fit: Fit, name: str) -> float | None:
    """Return what a fit takes of what a limit limits, in the limit's unit; None: not measured."""
    cost = fit.candidate.cost
    if name == "parameters":
        return fit.design.parameters
    if name == "epochs":
        return fit.epoch
    if name == "accuracy_percent":
        return 100.0 - fit.error
    if cost is None:
        return None
    if name == "hours":
        return cost.seconds[fit.row] / SECONDS_OF_HOUR
    measured: float | None = getattr(cost, name)
    return measured


def fit_all(candidates: Sequence[Candidate], limits: Limits) -> list[Fit]:
    """Return what fits, one fit a design, best first.

    Best is the lowest mean error; of equal ones the fewest parameters, then the shortest training.
    Of several conditions of a design that fit, the one of the shortest training is taken.
    """
    fits = [fit for c in candidates if (fit := fit_candidate(c, limits)) is not None]
    best: dict[tuple[object, ...], Fit] = {}
    for fit in sorted(fits, key=_rank):
        best.setdefault(fit.design.key, fit)
    return list(best.values())


def _rank(fit: Fit) -> tuple[float, int, float, int, int]:
    seconds = math.inf if fit.seconds is None else fit.seconds
    return (round(fit.error, 5), fit.design.parameters, seconds, fit.design.k, fit.design.depth)


def _within_hours(candidate: Candidate, row: int, hours: float) -> bool:
    cost = candidate.cost
    return cost is not None and cost.seconds[row] / SECONDS_OF_HOUR <= hours
