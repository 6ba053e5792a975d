"""From a family of the design space to its network, initialised by a member's own seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.networks.densenet import DenseNet
from ensemble_switchover.networks.initialisation import initialise
from ensemble_switchover.networks.resnet import ResNet
from ensemble_switchover.networks.wide_resnet import WideResNet
from ensemble_switchover.seeds import Stream, stream_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from ensemble_switchover.design import Family, ImageTask


NETWORKS: dict[str, Callable[[Any, int, int, ImageTask], nn.Module]] = {
    "densenet": DenseNet,
    "resnet": ResNet,
    "wide_resnet": WideResNet,
}
"""The network of each family, by the family's name; it takes that family as first argument."""


def build_network(family: Family, depth: int, width: int, task: ImageTask) -> nn.Module:
    """Build one network of the family; its weights come from torch's global generator.

    Raises:
        DesignError: if the family has no such network.
    """
    family.check(depth, width)
    return NETWORKS[family.name](family, depth, width, task)


def build_member(
    family: Family, depth: int, width: int, task: ImageTask, member_seed: int
) -> nn.Module:
    """Build one member with He initialisation drawn from its own seed.

    Torch's global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        network = build_network(family, depth, width, task)
    generator = torch.Generator().manual_seed(stream_seed(member_seed, Stream.INITIALISATION))
    initialise(network, generator)
    return network
