"""Predicted seconds of what a run does besides training: timing pass, measurements (no torch)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.config.measured_share import (
    EXECUTIONS_PART,
    LEAST_REPEATS,
    bounded_measurement,
    cascade_batch_sizes,
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
MODELS_OF_A_CASCADE = 3
"""A cascade is timed beside the whole ensemble and the single network of its budget."""
MOST_IMAGES = 500
"""Images that a cascade is timed on at a batch size, at most, if 30 batches have fewer."""
_MILLISECONDS = 1000


def timing_pass_seconds(spec: RunSpec, cost: PredictedCost) -> float | None:
    """Predict the timing pass of a run: its timed steps, and one evaluation."""
    if cost.training_seconds is None or cost.evaluation_seconds is None:
        return None
    timed, _ = timed_epochs(spec)
    step = cost.training_seconds / spec.num_steps
    return timed.all_steps * step + cost.evaluation_seconds / len(spec.evaluated_epochs)


def measuring_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int = 1) -> float | None:
    """Predict the measuring of inference, of the cascade and of layers after the training of a run.

    Args:
        spec: The run.
        cost: Its predicted cost.
        num_sharing: Runs of the design that share the repeats.
    """
    if None in (cost.training_seconds, cost.one_image_ms, cost.many_images_ms):
        return None
    parts = (_inference_seconds, _cascade_seconds, _layer_seconds)
    return sum(part(spec, cost, num_sharing) for part in parts)


def _inference_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int) -> float:
    asked, seconds = bounded_measurement(spec), 0.0
    assert cost.training_seconds is not None
    assert cost.one_image_ms is not None
    assert cost.many_images_ms is not None
    models = 1 if spec.design.k == 1 else MODELS_BESIDE_A_SINGLE
    bound = seconds_for_latency(spec, cost.training_seconds)
    if bound is not None and spec.design.k > 1:
        bound *= EXECUTIONS_PART
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


def _cascade_seconds(spec: RunSpec, cost: PredictedCost, num_sharing: int) -> float:
    """Predict the timing of a cascade, if predictions are kept; each model as the whole ensemble.

    The cascade and the single network are quicker than that, so it is rather too much.
    """
    if spec.design.k == 1:
        return 0.0
    sizes, seconds = cascade_batch_sizes(spec), 0.0
    assert cost.training_seconds is not None
    assert cost.one_image_ms is not None
    assert cost.many_images_ms is not None
    bound = seconds_for_latency(spec, cost.training_seconds)
    least = shared_repeats(LEAST_PREDICTIONS if bound is None else LEAST_REPEATS, num_sharing)
    own = math.inf if bound is None else bound * (1 - EXECUTIONS_PART) / max(1, len(sizes))
    num_untimed = UNTIMED_PREDICTIONS if bound is None else 1
    for size in sizes:
        whole = cost.one_image_ms if size < MANY_IMAGES else size * cost.many_images_ms
        one = MODELS_OF_A_CASCADE * whole / _MILLISECONDS
        most = shared_repeats(max(MOST_PREDICTIONS, -(-MOST_IMAGES // size)), num_sharing)
        untimed = num_untimed * one
        timed = min(spec.measurement.latency_seconds / num_sharing, most * one, own - untimed)
        seconds += max(timed, least * one) + untimed
    return seconds


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
