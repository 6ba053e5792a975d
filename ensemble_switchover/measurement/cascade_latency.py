"""Seconds that a cascade takes, on real images: how long it takes depends on them.

Dimensions: N images, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.measured_share import LEAST_REPEATS
from ensemble_switchover.config.shared_repeats import shared_repeats
from ensemble_switchover.measurement.latency import MIN_REPEATS, NUM_REPEATS, WARM_UP_REPEATS
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

MOST_CASCADE_IMAGES = 500
"""So many images are timed at small batch sizes, where quantiles are over images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeModels:
    """What is timed in turn; all map images (B, C, H, W) on the device."""

    cascade: Callable[[Tensor], tuple[Tensor, Tensor]]
    """To probabilities (B, classes), and the number of members asked (B,)."""
    whole: Callable[[Tensor], Tensor]
    """The whole ensemble, one member after another."""
    single: Callable[[Tensor], Tensor] | None
    """The single network of the budget; None where memory did not suffice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSeconds:
    """Seconds of every batch at one batch size."""

    batch_size: int
    num_images: int
    """Different images of all batches."""
    members: list[float]
    """Members asked, mean over the images of each batch."""
    cascade: list[float]
    whole: list[float]
    single: list[float]
    """Empty where the single network was not timed."""

    @property
    def mean_members(self) -> float:
        """Members asked, mean over the images of all batches."""
        return sum(self.members) / len(self.members)


def measure_cascade_seconds(
    models: CascadeModels,
    num_images: int,
    batch_of: Callable[[Tensor], Tensor],
    batch_sizes: Sequence[int],
    *,
    max_seconds: float,
    seed: int = 0,
    num_sharing: int = 1,
    all_seconds: float | None = None,
    clock: Callable[[], float],
) -> list[CascadeSeconds]:
    """Time a cascade, the whole ensemble and the single network in turn, on the same images.

    Images are drawn in one order for all batch sizes, and again from the beginning where they are
    fewer than a batch size needs. Who comes first changes from batch to batch. A batch size that
    does not fit into memory is left out with a warning, as are larger ones.

    Args:
        models: The models to time.
        num_images: N, at least one.
        batch_of: Returns the images at some indices (B,), ready for the models; it is not timed.
        batch_sizes: The numbers of images of a batch.
        max_seconds: Each batch size has 30 batches, or as many as have 500 images, or fewer, but
            at least 5, once all models together take this many seconds.
        seed: Of the order of the images: with that of the run, an interval over seeds covers
            that few images are timed, which may ask more or fewer members than others.
        num_sharing: Runs of the design that share the batches and the seconds.
        all_seconds: What all batch sizes together should take, warm-ups included; each then has
            fewer batches, at least 2. None: no such bound.
        clock: Returns seconds, after the device's queued work.
    """
    drawn = torch.randperm(num_images, generator=torch.Generator().manual_seed(seed))
    least = MIN_REPEATS if all_seconds is None else LEAST_REPEATS
    warm_up = WARM_UP_REPEATS if all_seconds is None else 1
    found: list[CascadeSeconds] = []
    begin = clock()
    for number, size in enumerate(sorted(batch_sizes)):
        size_begin = clock()

        def batch(repeat: int, size: int = size) -> Tensor:
            return batch_of(drawn[torch.arange(repeat * size, (repeat + 1) * size) % num_images])

        fitting = _fitting(models, batch, size, warm_up)
        if fitting is None:
            break
        models = fitting
        affordable = max_seconds / num_sharing
        if all_seconds is not None:
            left = all_seconds - (size_begin - begin)
            own = left / (len(batch_sizes) - number) - (clock() - size_begin)
            affordable = min(affordable, own)
        most = max(NUM_REPEATS, -(-MOST_CASCADE_IMAGES // size))
        bounds = shared_repeats(least, num_sharing), shared_repeats(most, num_sharing)
        found.append(_in_turn(models, batch, size, num_images, affordable, bounds, clock))
    return found


def _fitting(
    models: CascadeModels, batch: Callable[[int], Tensor], size: int, warm_up: int
) -> CascadeModels | None:
    """Warm up the models; return those that memory suffices for, or None without a cascade."""
    with (
        LeftOutIfTooLarge(f"inference of the cascade at batch size {size}"),
        torch.inference_mode(),
    ):
        for repeat in range(warm_up):
            images = batch(repeat)
            models.cascade(images)
            models.whole(images)
        if models.single is None:
            return models
        with LeftOutIfTooLarge(f"inference of the budget's single network at batch size {size}"):
            for repeat in range(warm_up):
                models.single(batch(repeat))
            return models
        return CascadeModels(cascade=models.cascade, whole=models.whole, single=None)
    return None


def _in_turn(
    models: CascadeModels,
    batch: Callable[[int], Tensor],
    size: int,
    num_images: int,
    affordable: float,
    bounds: tuple[int, int],
    clock: Callable[[], float],
) -> CascadeSeconds:
    """Time models on one batch after another, at least and at most so many; until the seconds."""
    least, most = bounds
    timed: list[Callable[[Tensor], Any]] = [models.cascade, models.whole]
    timed += [] if models.single is None else [models.single]
    seconds: list[list[float]] = [[] for _ in timed]
    asked: list[float] = []
    repeats, spent = 0, 0.0
    with torch.inference_mode():
        while repeats < least or (repeats < most and spent < affordable):
            images = batch(repeats)
            for turn in range(len(timed)):
                which = (repeats + turn) % len(timed)
                begin = clock()
                answer = timed[which](images)
                seconds[which].append(clock() - begin)
                spent += seconds[which][-1]
                if which == 0:
                    asked.append(float(answer[1].double().mean()))
            repeats += 1
    cascade, whole, *single = seconds
    return CascadeSeconds(
        batch_size=size,
        num_images=min(num_images, repeats * size),
        members=asked,
        cascade=cascade,
        whole=whole,
        single=single[0] if single else [],
    )
