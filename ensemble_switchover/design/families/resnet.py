"""ResNet in its CIFAR form (He et al. 2016, section 4.2): basic blocks, depth 6n+2.

The width factor is the number of channels of the first stage (16 in the paper), doubled at each
of the two further stages.
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
    PaddedShortcut,
    ReLU,
    Residual,
)
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Network

STAGE_FACTORS = (1, 2, 4)
_DEPTH_STEP, _DEPTH_OFFSET = 6, 2
"""Layers per block in all three stages, and those outside: the stem and the classifier."""
SHORTCUTS = ("identity", "projection")


@dataclass(frozen=True)
class ResNet(Family):
    """The family of ResNets and its options."""

    shortcut: str = "identity"
    """`identity`: without parameters (option A); `projection`: a 1x1 convolution (option B)."""

    name: ClassVar[str] = "resnet"
    width_name: ClassVar[str] = "number of channels of the first stage"
    default_depth: ClassVar[int] = 26
    default_width: ClassVar[int] = 8

    def __post_init__(self) -> None:
        """Check that the shortcut is known."""
        if self.shortcut not in SHORTCUTS:
            raise DesignError(
                f"arch.shortcut={self.shortcut}: expected one of {', '.join(SHORTCUTS)}"
            )

    @property
    def depths(self) -> range:
        """The depths 6n+2."""
        return range(_DEPTH_STEP + _DEPTH_OFFSET, MAX_DEPTH + 1, _DEPTH_STEP)

    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        """List the layers of one network, from the image to the classifier."""
        blocks_per_stage = (depth - _DEPTH_OFFSET) // _DEPTH_STEP
        network: list[Network] = [Convolution(width, 3), BatchNorm(), ReLU()]
        for stage, factor in enumerate(STAGE_FACTORS):
            channels, stride = factor * width, 1 if stage == 0 else 2
            shortcut = () if stage == 0 else self._shortcut(channels)
            network += [_block(channels, stride, shortcut), ReLU()]
            network += [_block(channels, 1, ()), ReLU()] * (blocks_per_stage - 1)
        return [*network, GlobalAveragePool(), Linear(num_classes)]

    def _shortcut(self, channels: int) -> tuple[Network, ...]:
        if self.shortcut == "identity":
            return (PaddedShortcut(channels),)
        return (Convolution(channels, 1, stride=2), BatchNorm())


def _block(channels: int, stride: int, shortcut: tuple[Network, ...]) -> Residual:
    branch = (
        Convolution(channels, 3, stride),
        BatchNorm(),
        ReLU(),
        Convolution(channels, 3),
        BatchNorm(),
    )
    return Residual(branch, shortcut)
