"""Inference latency of the whole model, in milliseconds per image."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.measurement.timing import synchronised_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from ensemble_switchover.design import ImageTask

NUM_REPEATS = 30
MIN_REPEATS = 5
WARM_UP_REPEATS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Median and quartiles of the repeats at one batch size."""

    batch_size: int
    repeats: int
    median_ms_per_image: float
    lower_quartile_ms_per_image: float
    upper_quartile_ms_per_image: float


def measure_latencies(
    predict: Callable[[Tensor], Tensor],
    task: ImageTask,
    batch_sizes: Sequence[int],
    *,
    device: torch.device,
    dtype: torch.dtype,
    max_seconds: float,
    warn: Callable[[str], None],
) -> list[Latency]:
    """Time `predict` on images of noise at every batch size, after a warm-up.

    Args:
        predict: Maps images (B, C, H, W) to probabilities; everything it needs is on `device`.
        task: The shape of the images.
        batch_sizes: Images at once.
        device: Where the images lie.
        dtype: Of the images.
        max_seconds: A batch size ends after 30 repeats, or after so many seconds and 5 repeats.
        warn: Is told of a batch size that does not fit into memory; it and larger ones are left
            out.
    """
    clock = synchronised_clock(device)
    latencies = []
    for batch_size in sorted(batch_sizes):
        try:
            seconds = _time_batches(predict, task, batch_size, device, dtype, max_seconds, clock)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            warn(f"inference at batch size {batch_size} does not fit into memory; left out")
            break
        latencies.append(summarise(batch_size, seconds))
    return latencies


def _time_batches(
    predict: Callable[[Tensor], Tensor],
    task: ImageTask,
    batch_size: int,
    device: torch.device,
    dtype: torch.dtype,
    max_seconds: float,
    clock: Callable[[], float],
) -> list[float]:
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, task.channels, task.size, task.size)
    images = torch.randn(shape, generator=generator).to(device, dtype)
    seconds: list[float] = []
    with torch.inference_mode():
        for _ in range(WARM_UP_REPEATS):
            predict(images)
        while len(seconds) < MIN_REPEATS or (
            len(seconds) < NUM_REPEATS and sum(seconds) < max_seconds
        ):
            start = clock()
            predict(images)
            seconds.append(clock() - start)
    return seconds


def summarise(batch_size: int, seconds: Sequence[float]) -> Latency:
    """Turn seconds a batch into milliseconds an image.

    >>> summarise(2, [0.002, 0.004, 0.006]).median_ms_per_image
    2.0
    """
    lower, median, upper = (
        1000 * quantile / batch_size for quantile in quantiles(seconds, method="inclusive")
    )
    return Latency(
        batch_size=batch_size,
        repeats=len(seconds),
        median_ms_per_image=median,
        lower_quartile_ms_per_image=lower,
        upper_quartile_ms_per_image=upper,
    )
