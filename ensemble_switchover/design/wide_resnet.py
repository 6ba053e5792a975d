"""Wide ResNet (Zagoruyko & Komodakis 2016, Table 1): pre-activation basic blocks, depth 6n+4.

The width factor is the widening factor over 16, 32 and 64 channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import Family, ImageTask
from ensemble_switchover.design.layers import BatchNorm, Convolution, Linear

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Layer

STEM_CHANNELS = 16
STAGE_CHANNELS = (16, 32, 64)


@dataclass(frozen=True)
class WideResNet(Family):
    """The family; it has no options."""

    name: ClassVar[str] = "wide_resnet"
    depth_offset: ClassVar[int] = 4
    width_name: ClassVar[str] = "widening factor"
    default_depth: ClassVar[int] = 28
    default_width: ClassVar[int] = 4

    @property
    def depth_step(self) -> int:
        """Layers that one step of n adds: a block of two convolutions in each of three stages."""
        return 6

    def blocks_per_stage(self, depth: int) -> int:
        """The n of the depth formula."""
        return (depth - self.depth_offset) // self.depth_step

    def layers(self, depth: int, width: int, task: ImageTask) -> list[Layer]:
        """List the layers that hold parameters; the stem keeps the image size."""
        channels, size = STEM_CHANNELS, task.size
        layers: list[Layer] = [Convolution(task.channels, channels, 3, size)]
        for stage, base in enumerate(STAGE_CHANNELS):
            outputs = base * width
            for block in range(self.blocks_per_stage(depth)):
                if stage > 0 and block == 0:
                    size = (size + 1) // 2
                layers += [BatchNorm(channels), Convolution(channels, outputs, 3, size)]
                layers += [BatchNorm(outputs), Convolution(outputs, outputs, 3, size)]
                if channels != outputs:
                    layers.append(Convolution(channels, outputs, 1, size))
                channels = outputs
        return [*layers, BatchNorm(channels), Linear(channels, task.num_classes)]
