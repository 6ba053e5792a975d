"""Predicted seconds of what a run does besides training: timing pass, measurements (no torch)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.config.measured_share import (
    LEAST_REPEATS,
    bounded_measurement,
    seconds_for_latency,
)
from ensemble_switchover.config.shared_repeats import shared_repeats
from ensemble_switchover.config.timed_epochs import timed_epochs
from ensemble_switchover.planning.workload import MANY_IMAGES

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.planning.cost import PredictedCost

LEAST_PREDICTIONS, MOST_PREDICTIONS, UNTIMED_PREDICTIONS = 5, 30, 2
"""Predictions of a model at a batch size: at least, at most, and before them."""
MODELS_BESIDE_A_SINGLE = 3
"""An ensemble is timed in two executions, and its budget's single network beside it."""
_MILLISECONDS = 1000


def timing_pass_seconds(spec: RunSpec, cost: PredictedCost) -> float | None:
    """Predict the timing pass of a run: its timed steps, and one evaluation."""
    if cost.training_seconds is None or cost.evaluation_seconds is None:
        return None
    timed, _ = timed_epochs(spec)
    step = cost.training_seconds / spec.num_steps
    return timed.all_steps * step + cost.evaluation_seconds / len(spec.evaluated_epochs)


def measuring_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int = 1) -> float | None:
    """Predict the measuring of inference and of layers after the training of a run.

    Args:
        spec: The run.
        cost: Its predicted cost.
        num_sharing: Runs of the design that share the repeats.
    """
    if None in (cost.training_seconds, cost.one_image_ms, cost.many_images_ms):
        return None
    return _inference_seconds(spec, cost, num_sharing) + _layer_seconds(spec, cost, num_sharing)


def _inference_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int) -> float:
    asked, seconds = bounded_measurement(spec), 0.0
    assert cost.training_seconds is not None
    assert cost.one_image_ms is not None
    assert cost.many_images_ms is not None
    models = 1 if spec.design.k == 1 else MODELS_BESIDE_A_SINGLE
    bound = seconds_for_latency(spec, cost.training_seconds)
    alone = (LEAST_PREDICTIONS if bound is None else LEAST_REPEATS, MOST_PREDICTIONS)
    least, most = (shared_repeats(repeats, num_sharing) for repeats in alone)
    own = math.inf if bound is None else bound / max(1, len(asked.latency_batch_sizes)) / models
    num_untimed = UNTIMED_PREDICTIONS if bound is None else 1
    for size in asked.latency_batch_sizes:
        whole = cost.one_image_ms if size < MANY_IMAGES else size * cost.many_images_ms
        one = whole / _MILLISECONDS
        untimed = num_untimed * one
        timed = min(asked.latency_seconds / num_sharing, most * one, own - untimed)
        seconds += max(timed, least * one) + untimed
    return models * seconds


def _layer_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int) -> float:
    repeats = bounded_measurement(spec).layer_repeats
    if not repeats:
        return 0.0
    assert cost.training_seconds is not None
    return (
        shared_repeats(repeats, num_sharing)
        * cost.training_seconds
        / (spec.num_steps * spec.design.k)
    )
