"""Schedules of the learning rate: its share of `recipe.learning_rate` at every training step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

STEPS, COSINE, ONE_CYCLE, CONSTANT, SCHEDULER = (
    "steps",
    "cosine",
    "one_cycle",
    "constant",
    "scheduler",
)
SCHEDULES = (STEPS, COSINE, ONE_CYCLE, CONSTANT, SCHEDULER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How the learning rate moves during training; every field but the first has its own shape."""

    name: str = STEPS
    """`steps` (the drops of the recipe), `cosine` (Loshchilov & Hutter 2017), `one_cycle` (Smith &
    Topin 2018), `constant`, or `scheduler`, one of torch."""
    warmup_epochs: float = 0.0
    """Epochs at the beginning in which the rate rises linearly (He et al. 2019, section 3.1)."""
    start: float = 0.04
    """Share of the learning rate at the first step of one cycle."""
    peak: float = 0.3
    """Share of the training at which one cycle reaches the learning rate."""
    end: float = 0.0
    """Share of the learning rate that is left at the end of `cosine` and `one_cycle`."""
    curve: str = COSINE
    """Curve of one cycle: `cosine` or `linear`."""
    scheduler: dict[str, Any] = field(default_factory=dict)
    """Torch's scheduler by `_target_`, with its arguments."""
    interval: str = "epoch"
    """Whether torch's scheduler takes a step after every `epoch` or every `step`."""

    @property
    def moves_within_epochs(self) -> bool:
        """Whether the rate may change within an epoch."""
        within = self.name in (COSINE, ONE_CYCLE) or self.warmup_epochs > 0
        return within or (self.name == SCHEDULER and self.interval == "step")

    def scaled(self, factor: float) -> Schedule:
        """Return the schedule of a training that is so many times as long."""
        return Schedule(
            **{
                **{name: getattr(self, name) for name in self.__slots__},
                "warmup_epochs": self.warmup_epochs * factor,
            }
        )


def warmup_share(schedule: Schedule, step: int, steps_per_epoch: int) -> float:
    """Return the share of the rate that the warm-up lets through at a step (counted from 0).

    >>> warmup_share(Schedule(warmup_epochs=2), step=4, steps_per_epoch=5)
    0.5
    """
    warmup_steps = round(schedule.warmup_epochs * steps_per_epoch)
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


def curve_share(schedule: Schedule, step: int, steps_per_epoch: int, epochs: int) -> float:
    """Return the share of the rate at a step of `cosine` or `one_cycle`, the warm-up left out.

    The first equals torch's `CosineAnnealingLR` with a step after every batch, the second torch's
    `OneCycleLR`.

    >>> curve_share(Schedule(name="cosine"), step=10, steps_per_epoch=5, epochs=4)
    0.5
    """
    num_steps = steps_per_epoch * epochs
    if schedule.name == COSINE:
        before = round(schedule.warmup_epochs * steps_per_epoch)
        passed = max(0, step - before) / max(1, num_steps - before)
        return _between(1.0, schedule.end, passed, COSINE)
    last, top = num_steps - 1, schedule.peak * num_steps - 1
    if step <= top:
        return _between(schedule.start, 1.0, step / top if top > 0 else 1.0, schedule.curve)
    passed = (step - top) / (last - top) if last > top else 1.0
    return _between(1.0, schedule.end, passed, schedule.curve)


def _between(first: float, last: float, passed: float, curve: str) -> float:
    """Go from one value to another along a curve, of which a share is passed, and stay there."""
    passed = min(1.0, passed)
    if curve == COSINE:
        passed = (1 - math.cos(math.pi * passed)) / 2
    return first + (last - first) * passed
