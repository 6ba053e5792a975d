"""The user's limits, and the error and cost of a trained design within them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.error_interval import ErrorInterval, error_interval
from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.machine.units import HOUR_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate, TrainedDesign


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The user's limits; None means no limit."""

    parameters: int | None = None
    """Most trainable parameters, all members together."""
    epochs: int | None = None
    """Most training epochs."""
    hours: float | None = None
    """Most hours of training, without evaluation."""
    memory_bytes: int | None = None
    """Highest peak memory of training, in bytes."""
    latency_ms: float | None = None
    """Most milliseconds of inference per image, with the members run one after another."""
    latency_p99_ms: float | None = None
    """Most milliseconds of inference that 99 % of the images may take, members one after another
    until a cascade stops."""
    fastest_latency_ms: float | None = None
    """Most milliseconds of inference per image, with the fastest execution that was measured."""
    accuracy_percent: float | None = None
    """Lowest accuracy, in percent."""

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the limits that are set."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is not None)

    def without(self, names: Collection[str]) -> Limits:
        """Return these limits with some of them removed."""
        kept = {name: getattr(self, name) for name in self.given if name not in names}
        return Limits(**kept)


@dataclass(frozen=True, slots=True)
class Reading:
    """The error of a candidate after one epoch, and through it what the candidate costs."""

    candidate: Candidate
    row: int
    """Index of the epoch in the design's epochs."""
    seed_errors: Mapping[int, float] = field(repr=False)
    """Seed -> finite error in percent; at least one."""
    seed_losses: Mapping[int, float] = field(repr=False)
    """Seed -> finite loss of the metric that is compared; at least one."""

    @property
    def error(self) -> float:
        """Mean error over the seeds, in percent, whatever is compared."""
        return sample_mean(list(self.seed_errors.values()))

    @property
    def loss(self) -> float:
        """Mean over the seeds of the loss that is compared: the error, unless another is."""
        return sample_mean(list(self.seed_losses.values()))

    @property
    def num_seeds(self) -> int:
        """Number of seeds with a finite loss."""
        return len(self.seed_losses)

    def interval(self, confidence: float) -> ErrorInterval | None:
        """Return the interval of the mean loss that is compared; None if there is no spread.

        Few seeds borrow the spread of the budgets beside them (`analysis.error_interval`).
        """
        beside = [curves.losses_after(self.epoch) for curves in self.design.beside]
        largest = self.design.metric.unit.largest
        return error_interval(list(self.seed_losses.values()), confidence, beside, largest)

    def interval_of_error(self, confidence: float) -> ErrorInterval | None:
        """Return the interval of the mean error in percent, whatever is compared."""
        beside = [curves.after(self.epoch) for curves in self.design.beside]
        return error_interval(list(self.seed_errors.values()), confidence, beside)

    @property
    def design(self) -> TrainedDesign:
        """The trained design."""
        return self.candidate.design

    @property
    def epoch(self) -> int:
        """Number of epochs that the design is trained for."""
        return self.design.epochs[self.row]

    @property
    def seconds(self) -> float | None:
        """Training seconds until the end of the epoch; None where they were not measured."""
        cost = self.candidate.cost
        return None if cost is None or cost.seconds is None else cost.seconds[self.row]

    @property
    def seconds_std(self) -> float | None:
        """Sample standard deviation of the training seconds over the seeds."""
        cost = self.candidate.cost
        return None if cost is None or cost.seconds_std is None else cost.seconds_std[self.row]


def read_within_limits(candidate: Candidate, limits: Limits) -> Reading | None:
    """Read a candidate after the last epoch that the limits allow; None if it exceeds a limit.

    Epochs and hours decide after which epoch a run is read: the last epoch within both. The other
    limits decide whether the candidate qualifies. A quantity that was not measured meets no limit.
    """
    row = last_allowed_row(candidate, limits)
    reading = None if row is None else read_candidate(candidate, row)
    return reading if reading is not None and meets_all(reading, limits) else None


def read_candidate(candidate: Candidate, row: int) -> Reading | None:
    """Read a candidate after one epoch; None if no seed has a finite error and a finite loss."""
    design = candidate.design
    errors, losses = (
        {seed: curve[row] for seed, curve in curves.items() if math.isfinite(curve[row])}
        for curves in (design.errors, design.losses)
    )
    return Reading(candidate, row, errors, losses) if errors and losses else None


def last_allowed_row(candidate: Candidate, limits: Limits) -> int | None:
    """Return the index of the last epoch within the limits on epochs and hours; None if none is."""
    rows = [
        row
        for row, epoch in enumerate(candidate.design.epochs)
        if (limits.epochs is None or epoch <= limits.epochs)
        and (limits.hours is None or _within_hours(candidate, row, limits.hours))
    ]
    return rows[-1] if rows else None


def meets_all(reading: Reading, limits: Limits) -> bool:
    """Tell whether a reading meets every limit that is set."""
    return all(_meets(reading, limits, name) for name in limits.given)


def amount_used(reading: Reading, name: str) -> float | None:
    """Return the quantity that a limit restricts, in the limit's unit; None if not measured."""
    cost = reading.candidate.cost
    if name == "parameters":
        return reading.design.parameters
    if name == "epochs":
        return reading.epoch
    if name == "accuracy_percent":
        return 100.0 - reading.error
    if cost is None:
        return None
    if name == "hours":
        return None if reading.seconds is None else reading.seconds / HOUR_SECONDS
    measured: float | None = getattr(cost, name)
    return measured


def feasible_readings(candidates: Sequence[Candidate], limits: Limits) -> list[Reading]:
    """Return one reading for each design that meets the limits, best first.

    The best has the least mean loss, by default the lowest mean error; ties go to the fewest
    parameters, then to the shortest training. A design that qualifies under several conditions is
    read under the one with the shortest training.
    """
    readings = [found for c in candidates if (found := read_within_limits(c, limits)) is not None]
    best: dict[tuple[object, ...], Reading] = {}
    for reading in sorted(readings, key=_rank):
        best.setdefault(reading.design.key, reading)
    return list(best.values())


def _meets(reading: Reading, limits: Limits, name: str) -> bool:
    value, limit = amount_used(reading, name), getattr(limits, name)
    if value is None:
        return False
    return bool(value >= limit) if name == "accuracy_percent" else bool(value <= limit)


def _rank(reading: Reading) -> tuple[float, int, float, int, int]:
    seconds = math.inf if reading.seconds is None else reading.seconds
    design = reading.design
    return (round(reading.loss, 5), design.parameters, seconds, design.k, design.depth)


def _within_hours(candidate: Candidate, row: int, hours: float) -> bool:
    seconds = None if candidate.cost is None else candidate.cost.seconds
    return seconds is not None and seconds[row] / HOUR_SECONDS <= hours
