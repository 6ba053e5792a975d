"""ResNet in its CIFAR form (He et al. 2016, section 4.2): basic blocks, depth 6n+2.

The width factor is the number of channels of the first stage (16 in the paper), doubled at each
of the two further stages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import Family, ImageTask
from ensemble_switchover.design.layers import BatchNorm, Convolution, Linear
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Layer

STAGE_FACTORS = (1, 2, 4)
SHORTCUTS = ("identity", "projection")


@dataclass(frozen=True)
class ResNet(Family):
    """The family, with its options."""

    shortcut: str = "identity"
    """`identity`: free of parameters (option A); `projection`: a 1x1 convolution (option B)."""

    name: ClassVar[str] = "resnet"
    depth_offset: ClassVar[int] = 2
    width_name: ClassVar[str] = "number of channels of the first stage"
    default_depth: ClassVar[int] = 26
    default_width: ClassVar[int] = 8

    def __post_init__(self) -> None:
        """Refuse an unknown shortcut."""
        if self.shortcut not in SHORTCUTS:
            raise DesignError(
                f"arch.shortcut={self.shortcut}: expected one of {', '.join(SHORTCUTS)}"
            )

    @property
    def depth_step(self) -> int:
        """Layers that one step of n adds: a block of two convolutions in each of three stages."""
        return 6

    def blocks_per_stage(self, depth: int) -> int:
        """The n of the depth formula."""
        return (depth - self.depth_offset) // self.depth_step

    def layers(self, depth: int, width: int, task: ImageTask) -> list[Layer]:
        """List the layers that hold parameters; the stem keeps the image size."""
        channels, size = width, task.size
        layers: list[Layer] = [Convolution(task.channels, channels, 3, size), BatchNorm(channels)]
        for stage, factor in enumerate(STAGE_FACTORS):
            outputs = factor * width
            for block in range(self.blocks_per_stage(depth)):
                enters_stage = stage > 0 and block == 0
                if enters_stage:
                    size = (size + 1) // 2
                layers += [Convolution(channels, outputs, 3, size), BatchNorm(outputs)]
                layers += [Convolution(outputs, outputs, 3, size), BatchNorm(outputs)]
                if enters_stage and self.shortcut == "projection":
                    layers += [Convolution(channels, outputs, 1, size), BatchNorm(outputs)]
                channels = outputs
        return [*layers, Linear(channels, task.num_classes)]
