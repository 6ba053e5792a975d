"""DenseNet in its CIFAR form (Huang et al. 2017, section 3): depth 3n+4, or 6n+4 with bottleneck.

A network has three dense blocks of n layers each. The width factor is the growth rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import MAX_DEPTH, Family
from ensemble_switchover.design.layers import (
    AveragePool,
    BatchNorm,
    Concatenation,
    Convolution,
    GlobalAveragePool,
    Linear,
    ReLU,
)
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Network

NUM_BLOCKS = 3
_DEPTH_OFFSET = 4
"""Layers outside the dense blocks: the stem, two transitions and the classifier."""
BASIC_STEM_CHANNELS = 16
BOTTLENECK_FACTOR = 4


@dataclass(frozen=True)
class DenseNet(Family):
    """The family of DenseNets and its options."""

    bottleneck: bool = False
    """Whether a 1x1 convolution to 4 times the growth rate precedes each 3x3 one (DenseNet-B)."""
    compression: float = 1.0
    """The fraction of channels that a transition keeps (0.5 in DenseNet-C)."""

    name: ClassVar[str] = "densenet"
    width_name: ClassVar[str] = "growth rate"
    default_depth: ClassVar[int] = 40
    default_width: ClassVar[int] = 12

    def __post_init__(self) -> None:
        """Check that the compression lies in (0, 1]."""
        if not 0 < self.compression <= 1:
            raise DesignError(
                f"arch.compression={self.compression}: expected more than 0 and at most 1"
            )

    @property
    def depths(self) -> range:
        """The depths 3n+4, or 6n+4 with bottleneck."""
        step = NUM_BLOCKS * (2 if self.bottleneck else 1)
        return range(_DEPTH_OFFSET + step, MAX_DEPTH + 1, step)

    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        """List the layers of one network, from the image to the classifier."""
        # section 3, "Implementation Details"
        channels = 2 * width if self.bottleneck else BASIC_STEM_CHANNELS
        layers_per_block = (depth - _DEPTH_OFFSET) // self.depths.step
        dense = Concatenation(self._dense_layer(width))
        network: list[Network] = [Convolution(channels, 3)]
        for block in range(NUM_BLOCKS):
            network += [dense] * layers_per_block
            channels += layers_per_block * width
            if block < NUM_BLOCKS - 1:
                channels = max(1, int(channels * self.compression))
                network += [BatchNorm(), ReLU(), Convolution(channels, 1), AveragePool()]
        return [*network, BatchNorm(), ReLU(), GlobalAveragePool(), Linear(num_classes)]

    def _dense_layer(self, growth: int) -> tuple[Network, ...]:
        layer = (BatchNorm(), ReLU(), Convolution(growth, 3))
        if not self.bottleneck:
            return layer
        return (BatchNorm(), ReLU(), Convolution(BOTTLENECK_FACTOR * growth, 1), *layer)
