"""What is measured after training where that may take a share of the training at most (no torch).

It is decided by counts of images, not by seconds: so all designs of a study that have the same
images and epochs are measured at the same batch sizes, on every machine.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import MeasurementConfig

PASSES_OF_A_STEP = 3
"""A training step apart takes about as long as so many predictions of its images."""
GAIN_TOGETHER = 2
"""How many times as fast seeds are assumed to be trained together, while they are timed apart."""
LEAST_TIMES = 13
"""Predictions of a batch where it is timed as rarely as can be: an ensemble's in three executions
and its budget's single network, with warm-ups and trials."""
LEAST_CASCADE_TIMES = 9
"""Predictions of a batch likewise where a cascade is timed beside the whole ensemble and the single
network, with a warm-up."""
EXECUTIONS_PART = 2 / 3
"""Part of the seconds for latencies that executions have where a cascade is timed as well."""
LEAST_LAYER_STEPS = 4
"""Training steps of a member in which its layers are timed, with warm-ups, likewise."""
LEAST_REPEATS = 2
"""Repeats of which there are quartiles."""


def bounded_measurement(spec: RunSpec) -> MeasurementConfig:
    """Return what is measured of a run, within `measurement.share` of its training.

    What takes least comes first: small batches, the layers, large batches. What does not fit is
    left out, but for the smallest batch. Without a share everything is measured that is asked for.
    """
    return _bounded(spec)[0]


def cascade_batch_sizes(spec: RunSpec) -> list[int]:
    """Return the batch sizes at which a run's cascade is timed: those of its other latencies.

    Within `measurement.share` they come after all else, but for the smallest.
    """
    measured, left = _bounded(spec)
    sizes = sorted(measured.latency_batch_sizes)
    kept = []
    for size in sizes:
        left -= LEAST_CASCADE_TIMES * size
        if left >= 0 or size == sizes[0]:
            kept.append(size)
    return kept


def _bounded(spec: RunSpec) -> tuple[MeasurementConfig, float]:
    """Return what is measured, and the predictions of an image that are left of the share."""
    asked = spec.measurement
    if asked.share is None:
        return asked, math.inf
    step = spec.recipe.batch_size
    images = spec.recipe.epochs * spec.train_size
    left = asked.share * images * PASSES_OF_A_STEP / GAIN_TOGETHER
    costs = [(LEAST_TIMES * size, size) for size in asked.latency_batch_sizes]
    if asked.layer_repeats:
        costs.append((LEAST_LAYER_STEPS * PASSES_OF_A_STEP * step, 0))
    kept, spare = [], left
    for cost, what in sorted(costs):
        left -= cost
        if left >= 0 or what == min(asked.latency_batch_sizes, default=None):
            kept.append(what)
            spare = left
    repeats = min(LEAST_REPEATS, asked.layer_repeats) if 0 in kept else 0
    sizes = [size for size in asked.latency_batch_sizes if size in kept]
    return replace(asked, latency_batch_sizes=sizes, layer_repeats=repeats), spare


def seconds_for_latency(spec: RunSpec, training_seconds: float) -> float | None:
    """Return how many seconds a run's latencies may take; None for no bound but their own.

    Args:
        spec: The run.
        training_seconds: Of all epochs of the run.
    """
    share = spec.measurement.share
    return None if share is None else share * training_seconds
