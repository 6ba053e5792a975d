"""Wide ResNet (Zagoruyko & Komodakis 2016, Table 1): pre-activation basic blocks, depth 6n+4.

The width factor is the widening factor, applied to 16, 32 and 64 channels. There is no dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import MAX_DEPTH, Family
from ensemble_switchover.design.layers import (
    BatchNorm,
    Convolution,
    GlobalAveragePool,
    Linear,
    ReLU,
    Residual,
)

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Network

STEM_CHANNELS = 16
STAGE_CHANNELS = (16, 32, 64)
_DEPTH_STEP, _DEPTH_OFFSET = 6, 4
"""Layers per block in all three stages, and those outside them, counted as in Table 1."""


@dataclass(frozen=True)
class WideResNet(Family):
    """The family of wide ResNets; it has no options."""

    name: ClassVar[str] = "wide_resnet"
    width_name: ClassVar[str] = "widening factor"
    default_depth: ClassVar[int] = 28
    default_width: ClassVar[int] = 4

    @property
    def depths(self) -> range:
        """The depths 6n+4."""
        return range(_DEPTH_STEP + _DEPTH_OFFSET, MAX_DEPTH + 1, _DEPTH_STEP)

    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        """List the layers of one network, from the image to the classifier."""
        blocks_per_stage = (depth - _DEPTH_OFFSET) // _DEPTH_STEP
        channels = STEM_CHANNELS
        network: list[Network] = [Convolution(channels, 3)]
        for stage, base in enumerate(STAGE_CHANNELS):
            outputs, stride = base * width, 1 if stage == 0 else 2
            if channels == outputs:
                network.append(Residual((BatchNorm(), ReLU(), *_convolutions(outputs, stride))))
            else:  # the projection takes the activated input, as in the authors' code
                projection = (Convolution(outputs, 1, stride),)
                entry = Residual(_convolutions(outputs, stride), projection)
                network += [BatchNorm(), ReLU(), entry]
            block = Residual((BatchNorm(), ReLU(), *_convolutions(outputs, 1)))
            network += [block] * (blocks_per_stage - 1)
            channels = outputs
        return [*network, BatchNorm(), ReLU(), GlobalAveragePool(), Linear(num_classes)]


def _convolutions(channels: int, stride: int) -> tuple[Network, ...]:
    return (Convolution(channels, 3, stride), BatchNorm(), ReLU(), Convolution(channels, 3))
