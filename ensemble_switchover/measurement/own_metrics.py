"""Metrics of the user's own: of the ensemble's probabilities after every evaluated epoch.

Dimensions: N images, C classes.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import torch
from torchmetrics import Metric

from ensemble_switchover.config.targets import TARGET, find_part, make_part
from ensemble_switchover.errors import ConfigError, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    OwnMetric = Callable[[Tensor, Tensor], float | None]

NUM_CLASSES = "num_classes"


def make_own_metrics(
    parts: Mapping[str, Mapping[str, Any]], num_classes: int
) -> dict[str, OwnMetric]:
    """Make metrics, and try each on one image of every class.

    A metric of torchmetrics is updated with probabilities (N, C) and labels (N,), and computed;
    anything else is called with both. The number of classes is given to what takes it.

    Args:
        parts: The class or function of each metric as `_target_`, and its arguments, by its name.
        num_classes: The number of classes.

    Returns:
        By its name a function of probabilities and labels; it returns None for what is not finite.

    Raises:
        ConfigError: if a metric cannot be made, or does not return one number.
    """
    metrics = {}
    for name, part in parts.items():
        metrics[name] = _make(f"metrics.{name}", part, num_classes)
    return metrics


def _make(key: str, part: Mapping[str, Any], num_classes: int) -> OwnMetric:
    named = {"_convert_": "all", **part}
    target = find_part(key, part[TARGET])
    if NUM_CLASSES not in part and NUM_CLASSES in inspect.signature(target).parameters:
        named[NUM_CLASSES] = num_classes
    metric = make_part(key, named)

    def measure(probabilities: Tensor, labels: Tensor) -> float | None:
        value = float(_value(metric, probabilities, labels))
        return value if math.isfinite(value) else None

    try:
        measure(torch.full((num_classes, num_classes), 1 / num_classes), torch.arange(num_classes))
    except Exception as error:  # whatever the code of others raises
        raise ConfigError(
            f"{key}.{TARGET}={part[TARGET]}: expected one number for probabilities (N, classes) "
            f"and labels (N,): {first_line(error)}"
        ) from error
    return measure


def _value(metric: Any, probabilities: Tensor, labels: Tensor) -> Any:
    if isinstance(metric, torch.nn.Module):
        metric.to(probabilities.device)
    if not isinstance(metric, Metric):
        return metric(probabilities, labels)
    metric.reset()
    metric.update(probabilities, labels)
    return metric.compute()
