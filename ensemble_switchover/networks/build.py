"""Build the torch module of a network from its layers, initialised from a member's own seed.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.design import layers
from ensemble_switchover.design.layers import Shape, trace
from ensemble_switchover.networks.initialisation import initialise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ensemble_switchover.design import Family, ImageTask
    from ensemble_switchover.design.layers import Layer, Network


class GlobalAveragePoolModule(nn.Module):
    """The mean of every channel."""

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C)."""
        return images.mean(dim=(2, 3))


class PaddedShortcutModule(nn.Module):
    """Every second pixel, with zeros for the added channels (He et al. 2016, option A)."""

    def __init__(self, new_channels: int) -> None:
        super().__init__()
        self.new_channels = new_channels

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C + new_channels, ceil(H / 2), ceil(W / 2))."""
        return add_zero_channels(images[:, :, ::2, ::2], self.new_channels)


def add_zero_channels(images: Tensor, new_channels: int) -> Tensor:
    """Map (..., C, H, W) to (..., C + new_channels, H, W), half of the zeros on either side."""
    before = new_channels // 2
    return functional.pad(images, (0, 0, 0, 0, before, new_channels - before))


class ResidualModule(nn.Module):
    """The sum of a branch and a shortcut."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to the output of the branch plus that of the shortcut."""
        result: Tensor = self.branch(images) + self.shortcut(images)
        return result


class ConcatenationModule(nn.Module):
    """The channels of the input followed by those of a branch."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C + the branch's channels, H, W)."""
        return torch.cat([images, self.branch(images)], dim=1)


def build_network(family: Family, depth: int, width: int, task: ImageTask) -> nn.Module:
    """Build one network, which maps images (B, C, H, W) to logits (B, classes).

    Torch's global generator draws its weights.

    Raises:
        DesignError: if the family has no network of this depth and width.
    """
    family.check(depth, width)
    network = family.layers(depth, width, task.num_classes)
    return _sequence(network, Shape(task.channels, task.size))


def build_member(
    family: Family, depth: int, width: int, task: ImageTask, member_seed: int
) -> nn.Module:
    """Build one member of an ensemble, with weights that depend on `member_seed` alone.

    The state of torch's global generator does not change.

    Raises:
        DesignError: if the family has no network of this depth and width.
    """
    with torch.random.fork_rng(devices=[]):
        network = build_network(family, depth, width, task)
    generator = torch.Generator().manual_seed(stream_seed(member_seed, Stream.INITIALISATION))
    initialise(network, generator)
    return network


def _sequence(network: Iterable[Network], shape: Shape) -> nn.Sequential:
    modules: list[nn.Module] = []
    for part in network:
        if isinstance(part, layers.Residual):
            shortcut = _sequence(part.shortcut, shape) if part.shortcut else nn.Identity()
            modules.append(ResidualModule(_sequence(part.branch, shape), shortcut))
        elif isinstance(part, layers.Concatenation):
            modules.append(ConcatenationModule(_sequence(part.branch, shape)))
        else:
            modules.append(_module(part, shape))
        shape = trace([part], shape)[-1].output_shape
    return nn.Sequential(*modules)


def _module(layer: Layer, shape: Shape) -> nn.Module:
    """Make the torch module of a layer for an input of `shape`."""
    if type(layer) not in _MAKERS:
        raise TypeError(f"no module for {layer}, of {shape}")
    return _MAKERS[type(layer)](layer, shape)


def _convolution(layer: layers.Convolution, shape: Shape) -> nn.Module:
    return nn.Conv2d(
        shape.channels,
        layer.channels,
        layer.kernel,
        layer.stride,
        padding=layer.kernel // 2,
        groups=layer.groups,
        bias=layer.bias,
    )


_MAKERS: dict[type[Layer], Callable[[Any, Shape], nn.Module]] = {
    layers.Convolution: _convolution,
    layers.BatchNorm: lambda _, shape: nn.BatchNorm2d(shape.channels),
    layers.ReLU: lambda *_: nn.ReLU(),
    layers.ReLU6: lambda *_: nn.ReLU6(),
    layers.MaxPool: lambda *_: nn.MaxPool2d(2, ceil_mode=True),
    layers.AveragePool: lambda *_: nn.AvgPool2d(2, ceil_mode=True),
    layers.GlobalAveragePool: lambda *_: GlobalAveragePoolModule(),
    layers.Linear: lambda layer, shape: nn.Linear(shape.channels, layer.outputs),
    layers.PaddedShortcut: lambda layer, shape: PaddedShortcutModule(
        layer.channels - shape.channels
    ),
}
"""The function that makes a layer's module for an input shape, by layer."""
