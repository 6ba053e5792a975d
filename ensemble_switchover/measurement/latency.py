"""Inference latency of whole models, in milliseconds per image.

Dimensions: B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Literal

import torch

from ensemble_switchover.config.execution_plan import SEQUENTIAL
from ensemble_switchover.config.measured_share import LEAST_REPEATS
from ensemble_switchover.config.shared_repeats import shared_repeats
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge
from ensemble_switchover.measurement.timing import synchronised_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from ensemble_switchover.design import ImageTask

NUM_REPEATS = 30
MIN_REPEATS = 5
WARM_UP_REPEATS = 2
TRIAL_REPEATS = 3
"""Repeats of each execution by which the fastest is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedModel:
    """A model in one execution."""

    model: Literal["run", "single"]
    """The model of the run, or the single network of its budget."""
    execution: str
    predict: Callable[[Tensor], Tensor]
    """Maps images (B, C, H, W) to probabilities (B, classes), on the device."""

    @property
    def is_alternative(self) -> bool:
        """Whether it is reported only if it is faster than `sequential`."""
        return self.execution != SEQUENTIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Median and quartiles of the repeats of one model at one batch size."""

    model: Literal["run", "single"]
    execution: str
    batch_size: int
    repeats: int
    median_ms_per_image: float
    lower_quartile_ms_per_image: float
    upper_quartile_ms_per_image: float


def measure_latencies(
    models: Sequence[TimedModel],
    task: ImageTask,
    batch_sizes: Sequence[int],
    *,
    device: torch.device,
    dtype: torch.dtype,
    max_seconds: float,
    num_sharing: int = 1,
    all_seconds: float | None = None,
    clock: Callable[[], float] | None = None,
) -> list[Latency]:
    """Time models alternately on images of noise at each batch size, after a warm-up.

    Of the executions other than `sequential`, only the fastest is timed, and only if it is faster
    than `sequential` in a short trial. A batch size that does not fit into memory is left out with
    a warning, as are larger ones of that model.

    Args:
        models: The models to time.
        task: The shape of the images.
        batch_sizes: The numbers of images of a batch.
        device: The device of the images.
        dtype: The type of the images.
        num_sharing: Runs of the design that share the repeats and the seconds.
        max_seconds: Each batch size has 30 repeats of every model, or fewer, but at least 5, once
            they take this many seconds a model.
        all_seconds: What all batch sizes together should take, warm-ups included; each then has
            fewer repeats, at least 2. None: no such bound.
        clock: Returns seconds; by default, after the device's queued work.
    """
    clock = clock or synchronised_clock(device)
    fitting = list(models)
    latencies = []
    least = MIN_REPEATS if all_seconds is None else LEAST_REPEATS
    trials = TRIAL_REPEATS if all_seconds is None else 1
    warm_up = WARM_UP_REPEATS if all_seconds is None else 1
    begin = clock()
    with torch.inference_mode():
        for number, batch_size in enumerate(sorted(batch_sizes)):
            size_begin = clock()
            images = _noise(task, batch_size, device, dtype)
            fitting = [one for one in fitting if images is not None and _fits(one, images, warm_up)]
            if images is None or not fitting:
                break
            chosen = _without_slower(fitting, images, shared_repeats(trials, num_sharing, 1), clock)
            affordable = max_seconds * len(chosen) / num_sharing
            if all_seconds is not None:
                left = all_seconds - (size_begin - begin)
                own = left / (len(batch_sizes) - number) - (clock() - size_begin)
                affordable = min(affordable, own)
            repeats = [shared_repeats(each, num_sharing) for each in (least, NUM_REPEATS)]
            seconds = _alternately(chosen, images, affordable, repeats, clock)
            latencies += [
                latency_of(model, batch_size, own)
                for model, own in zip(chosen, seconds, strict=True)
            ]
    return latencies


def _noise(
    task: ImageTask, batch_size: int, device: torch.device, dtype: torch.dtype
) -> Tensor | None:
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, task.channels, task.size, task.size)
    with LeftOutIfTooLarge(f"a batch of {batch_size} images"):
        return torch.randn(shape, generator=generator).to(device, dtype)
    return None


def _fits(model: TimedModel, images: Tensor, num_repeats: int) -> bool:
    """Warm up a model, and return whether the memory suffices."""
    whose = {"run": "", "single": " of the budget's single network"}[model.model]
    how = f", {model.execution}," if model.is_alternative else ""
    with LeftOutIfTooLarge(f"inference{whose}{how} at batch size {len(images)}"):
        for _ in range(num_repeats):
            model.predict(images)
        return True
    return False


def _without_slower(
    models: Sequence[TimedModel], images: Tensor, num_trials: int, clock: Callable[[], float]
) -> list[TimedModel]:
    """Keep the `sequential` models, and the fastest alternative if it is faster than the run's."""
    kept = [one for one in models if not one.is_alternative]
    rest = [one for one in models if one.is_alternative]
    if not rest:
        return kept
    rivals = [*(one for one in kept if one.model == "run"), *rest]
    trials = [[_seconds(one, images, clock) for one in rivals] for _ in range(num_trials)]
    medians = [median(own) for own in zip(*trials, strict=True)]
    fastest = rivals[medians.index(min(medians))]
    return [*kept, fastest] if fastest.is_alternative else kept


def _alternately(
    models: Sequence[TimedModel],
    images: Tensor,
    affordable: float,
    bounds: Sequence[int],
    clock: Callable[[], float],
) -> list[list[float]]:
    """Time models in turn, at least and at most so often; no more once they took the seconds."""
    seconds: list[list[float]] = [[] for _ in models]
    repeats, spent = 0, 0.0
    least, most = bounds
    while models and (repeats < least or (repeats < most and spent < affordable)):
        for model, own in zip(models, seconds, strict=True):
            own.append(_seconds(model, images, clock))
            spent += own[-1]
        repeats += 1
    return seconds


def _seconds(model: TimedModel, images: Tensor, clock: Callable[[], float]) -> float:
    start = clock()
    model.predict(images)
    return clock() - start


def latency_of(model: TimedModel, batch_size: int, seconds: Sequence[float]) -> Latency:
    """Summarise the seconds of each repeat of a batch in milliseconds per image.

    >>> single = TimedModel(model="single", execution="sequential", predict=lambda images: images)
    >>> latency_of(single, 2, [0.002, 0.004, 0.006]).median_ms_per_image
    2.0
    """
    lower, middle, upper = (
        1000 * quantile / batch_size for quantile in quantiles(seconds, method="inclusive")
    )
    return Latency(
        model=model.model,
        execution=model.execution,
        batch_size=batch_size,
        repeats=len(seconds),
        median_ms_per_image=middle,
        lower_quartile_ms_per_image=lower,
        upper_quartile_ms_per_image=upper,
    )
