"""DenseNet in its CIFAR form (Huang et al. 2017, section 3): depth 3n+4, or 6n+4 with bottleneck.

The width factor is the growth rate. Three dense blocks of n layers each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import Family, ImageTask
from ensemble_switchover.design.layers import BatchNorm, Convolution, Linear
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Layer

NUM_BLOCKS = 3
BASIC_STEM_CHANNELS = 16
BOTTLENECK_FACTOR = 4


@dataclass(frozen=True)
class DenseNet(Family):
    """The family, with its options."""

    bottleneck: bool = False
    """A 1x1 convolution to 4 times the growth rate before each 3x3 one (DenseNet-B)."""
    compression: float = 1.0
    """The share of channels that a transition keeps (DenseNet-C has 0.5)."""

    name: ClassVar[str] = "densenet"
    depth_offset: ClassVar[int] = 4
    width_name: ClassVar[str] = "growth rate"
    default_depth: ClassVar[int] = 40
    default_width: ClassVar[int] = 12

    def __post_init__(self) -> None:
        """Refuse a compression outside (0, 1]."""
        if not 0 < self.compression <= 1:
            raise DesignError(
                f"arch.compression={self.compression}: expected more than 0 and at most 1"
            )

    @property
    def depth_step(self) -> int:
        """Layers that one step of n adds over the three blocks."""
        return NUM_BLOCKS * self.convolutions_per_layer

    @property
    def convolutions_per_layer(self) -> int:
        """2 with a bottleneck, else 1."""
        return 2 if self.bottleneck else 1

    def stem_channels(self, width: int) -> int:
        """Channels after the first convolution (section 3, "Implementation Details")."""
        return 2 * width if self.bottleneck else BASIC_STEM_CHANNELS

    def layers_per_block(self, depth: int) -> int:
        """The n of the depth formula."""
        return (depth - self.depth_offset) // self.depth_step

    def compressed(self, channels: int) -> int:
        """Channels after a transition, at least one."""
        return max(1, int(channels * self.compression))

    def layers(self, depth: int, width: int, task: ImageTask) -> list[Layer]:
        """List the layers that hold parameters; the stem keeps the image size."""
        channels, size = self.stem_channels(width), task.size
        layers: list[Layer] = [Convolution(task.channels, channels, 3, size)]
        for block in range(NUM_BLOCKS):
            for _ in range(self.layers_per_block(depth)):
                inputs = channels
                if self.bottleneck:
                    inner = BOTTLENECK_FACTOR * width
                    layers += [BatchNorm(inputs), Convolution(inputs, inner, 1, size)]
                    inputs = inner
                layers += [BatchNorm(inputs), Convolution(inputs, width, 3, size)]
                channels += width
            if block < NUM_BLOCKS - 1:
                kept = self.compressed(channels)
                layers += [BatchNorm(channels), Convolution(channels, kept, 1, size)]
                channels, size = kept, size // 2
        return [*layers, BatchNorm(channels), Linear(channels, task.num_classes)]
