"""The work of a network's pass over a batch, counted rather than timed."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import Enum
from typing import TYPE_CHECKING

# read by pydantic:
from ensemble_switchover.results.stored_values import Size  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Operation


class Pass(Enum):
    """A pass of one member, as it is timed and predicted."""

    TRAINING = "training"
    """A training step: augmentation of the batch, forward, backward and update."""
    ONE = "one"
    """The prediction of a single image."""
    MANY = "many"
    """The prediction of a batch of `MANY_IMAGES`."""


MANY_IMAGES = 128
"""Images of a batch by which inference is predicted."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The work of a forward pass over a batch; a training step takes a multiple of it."""

    operations: Size
    """Number of layers that start one after another."""
    flops: Size
    """Floating-point operations of the matrix products, 2 per multiply-add."""
    elements: Size
    """Numbers that the layers read and write, all together."""

    def of_batch(self, batch_size: int) -> Workload:
        """Return the work of the same pass over a batch; the number of operations stays."""
        return Workload(self.operations, batch_size * self.flops, batch_size * self.elements)

    @property
    def features(self) -> tuple[int, int, int]:
        """The three counts, in the order of the rates."""
        return astuple(self)


def workload(operations: Sequence[Operation]) -> Workload:
    """Count the work of the forward pass of one image."""
    flops = elements = 0
    for layer, _, _, before, after in operations:
        flops += layer.flops(before)
        elements += before.elements + after.elements
    return Workload(len(operations), flops, elements)


def seconds(rates: Sequence[float], work: Workload) -> float:
    """Predict the seconds of a pass from the seconds of one operation, one FLOP and one element."""
    return sum(rate * count for rate, count in zip(rates, work.features, strict=True))
