"""VGG with batch norm in its CIFAR form (Simonyan & Zisserman 2015, Table 1).

The five stages of 3x3 convolutions are the paper's configurations A, B, D and E. One linear
classifier replaces its three fully connected layers, which are for 224x224 pixels, as in the usual
CIFAR code. The depth is counted as in the paper: the number of convolutions plus 3. Depth 8, one
convolution per stage, is the small VGG of Tian, Krishnan & Isola (2020, "Contrastive
Representation Distillation"). The width factor is the number of channels of the first stage (64 in
the paper).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import Family
from ensemble_switchover.design.layers import (
    BatchNorm,
    Convolution,
    GlobalAveragePool,
    Linear,
    MaxPool,
    ReLU,
)

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Network

VGG_STAGE_FACTORS = (1, 2, 4, 8, 8)
STAGES = {
    8: (1, 1, 1, 1, 1),
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""The number of convolutions in each stage, by depth."""


@dataclass(frozen=True)
class VGG(Family):
    """The family of VGG networks; it has no options."""

    name: ClassVar[str] = "vgg"
    width_name: ClassVar[str] = "number of channels of the first stage"
    default_depth: ClassVar[int] = 16
    default_width: ClassVar[int] = 64

    @property
    def depths(self) -> tuple[int, ...]:
        """The depths 8, 11, 13, 16 and 19."""
        return tuple(STAGES)

    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        """List the layers of one network, from the image to the classifier."""
        network: list[Network] = []
        for factor, num_convolutions in zip(VGG_STAGE_FACTORS, STAGES[depth], strict=True):
            convolution = Convolution(factor * width, 3, bias=True)
            network += [convolution, BatchNorm(), ReLU()] * num_convolutions
            network.append(MaxPool())
        return [*network, GlobalAveragePool(), Linear(num_classes)]
