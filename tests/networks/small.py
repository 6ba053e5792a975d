"""Small networks of every family, and functions to compare them."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from ensemble_switchover.design import Family, ImageTask, make_family
from ensemble_switchover.design.layers import (
    BatchNorm,
    Convolution,
    GlobalAveragePool,
    Linear,
    ReLU6,
    Residual,
)
from ensemble_switchover.networks import build_member

VARIANTS = [
    ("densenet", {}),
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "identity"}),
    ("resnet", {"shortcut": "projection"}),
    ("wide_resnet", {}),
    ("vgg", {}),
]

SMALL = ImageTask(channels=1, size=8, num_classes=10)


def small_member(name="resnet", options=None, seed=0, width=4):
    family = make_family(name, options or {})
    return build_member(family, family.depths[0], width, SMALL, seed)


def random_images(*shape):
    """Draw images in float64, so that comparisons may be tight."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def randomise_norms(network, generator):
    """Give batch norms statistics and weights as after some training."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 2, generator=generator)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(generator=generator)


def state_of(network):
    return network.state_dict()


def same(first, second):
    return all(torch.equal(value, second[key]) for key, value in first.items())


@dataclass(frozen=True)
class Mobile(Family):
    """Inverted residuals (Sandler et al. 2018, Table 1) in stages of two blocks, depth 3n+2.

    It has depthwise and grouped convolutions, which no family of the package has.
    """

    name: ClassVar[str] = "mobile"
    width_name: ClassVar[str] = "number of channels of the first stage"
    default_depth: ClassVar[int] = 14
    default_width: ClassVar[int] = 4

    @property
    def depths(self):
        return range(5, 100, 3)

    def layers(self, depth, width, num_classes):
        network = [Convolution(width, 3), BatchNorm(), ReLU6()]
        inputs = width
        for block in range((depth - 2) // 3):
            hidden, outputs = 6 * inputs, width * 2 ** (block // 2)
            branch = (
                *(Convolution(hidden, 1), BatchNorm(), ReLU6()),
                *(Convolution(hidden, 3, outputs // inputs, groups=hidden), BatchNorm(), ReLU6()),
                *(Convolution(outputs, 1), BatchNorm()),
            )
            network += [Residual(branch)] if inputs == outputs else branch
            inputs = outputs
        return [*network, GlobalAveragePool(), Linear(num_classes)]
