"""What a pass of a network over a batch has to do: counted, not timed."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Operation


class Pass(Enum):
    """What is timed and predicted, of one member."""

    TRAINING = "training"
    """A training step: forward, backward, update, and the batch's augmentation."""
    ONE = "one"
    """The prediction of a single image."""
    MANY = "many"
    """The prediction of a batch of `MANY_IMAGES`."""


MANY_IMAGES = 128


@dataclass(frozen=True, slots=True)
class Workload:
    """The forward pass over a batch; a training step is proportional to it, and some more."""

    operations: int
    """Layers to start, one after another."""
    flops: int
    """Of the matrix products, 2 per multiply-add."""
    elements: int
    """Numbers that all layers read and write."""

    def of_batch(self, batch_size: int) -> Workload:
        """Count the same pass over a batch: no more layers to start, all else as many times."""
        return Workload(self.operations, batch_size * self.flops, batch_size * self.elements)

    @property
    def features(self) -> tuple[int, int, int]:
        """The three counts."""
        return astuple(self)


def workload(operations: Sequence[Operation]) -> Workload:
    """Count what the forward pass of one image has to do."""
    flops = elements = 0
    for layer, _, _, before, after in operations:
        flops += layer.flops(before)
        elements += before.elements + after.elements
    return Workload(len(operations), flops, elements)


def seconds(rates: Sequence[float], work: Workload) -> float:
    """Predict the seconds of a pass from the seconds that one of each count takes."""
    return sum(rate * count for rate, count in zip(rates, work.features, strict=True))
