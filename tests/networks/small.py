"""Small networks of every family, and functions to compare them."""

import torch
from torch import nn

from ensemble_switchover.design import ImageTask, make_family
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
