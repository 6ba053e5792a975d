"""Compute m networks of one structure as one network of grouped convolutions.

A convolution of g groups in every network is one of m * g groups, the groups of a network together.

The weights, statistics and gradients of the m networks are concatenated in the tensors of the fused
network; the tensors of the networks themselves become views of them, so both always agree.

Dimensions: m networks, B images, C channels, H and W pixels.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks.build import (
    ConcatenationModule,
    GlobalAveragePoolModule,
    PaddedShortcutModule,
    ResidualModule,
    add_zero_channels,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class NoFusedFormError(ConfigError):
    """A network has a layer that cannot be computed for several networks at once."""


class Fused(nn.Module):
    """m networks of one structure, computed in one pass."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        """Fuse the networks, whose tensors become views of the fused ones.

        Raises:
            NoFusedFormError: if a layer has no fused form.
        """
        super().__init__()
        self.body = _fuse(networks)
        self.num_networks = len(networks)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (m, B, C, H, W), each network's own, to logits (m, B, classes)."""
        networks, batch, channels, height, width = images.shape
        side_by_side = images.transpose(0, 1).reshape(batch, networks * channels, height, width)
        logits: Tensor = self.body(side_by_side.contiguous(memory_format=torch.channels_last))
        return logits

    def part(self, start: int, stop: int) -> Fused:
        """Return the networks from `start` to before `stop` as one of their own.

        Its tensors are views of this one's, so both always agree; it is not trained.
        """
        part = Fused.__new__(Fused)
        nn.Module.__init__(part)
        part.body = _part_of(self.body, start, stop, self.num_networks)
        part.num_networks = stop - start
        return part.requires_grad_(requires_grad=False)


class FusedLinear(nn.Module):
    """m linear layers, computed as one batched matrix product."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """Store the weights (m, outputs, inputs) and biases (m, outputs)."""
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, m * inputs) to (m, B, outputs)."""
        networks, _, inputs = self.weight.shape
        by_network = features.view(-1, networks, inputs).transpose(0, 1)
        return torch.baddbmm(self.bias[:, None], by_network, self.weight.transpose(1, 2))


class FusedConcatenation(nn.Module):
    """For each of m networks, the channels of its input followed by those of its branch."""

    def __init__(self, branch: nn.Module, num_networks: int) -> None:
        super().__init__()
        self.branch = branch
        self.num_networks = num_networks

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, m * C, H, W) to (B, m * (C + the branch's channels), H, W)."""
        parts = [_by_network(part, self.num_networks) for part in (images, self.branch(images))]
        return torch.cat(parts, dim=2).flatten(1, 2)


class FusedPaddedShortcut(nn.Module):
    """For each of m networks, every second pixel, with zeros for the added channels."""

    def __init__(self, new_channels: int, num_networks: int) -> None:
        super().__init__()
        self.new_channels = new_channels
        self.num_networks = num_networks

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, m * C, H, W) to (B, m * (C + new_channels), ceil(H / 2), ceil(W / 2))."""
        by_network = _by_network(images[:, :, ::2, ::2], self.num_networks)
        return add_zero_channels(by_network, self.new_channels).flatten(1, 2)


def _by_network(images: Tensor, num_networks: int) -> Tensor:
    """View (B, m * C, H, W) as (B, m, C, H, W)."""
    batch, channels, height, width = images.shape
    return images.view(batch, num_networks, channels // num_networks, height, width)


def _fuse(modules: Sequence[Any]) -> nn.Module:
    """Fuse the modules that stand at the same position of the m networks."""
    kind = type(modules[0])
    if kind not in _FUSERS:
        raise NoFusedFormError(
            f"execution=fused: {kind.__name__} cannot be computed for several networks at once; "
            f"expected execution=sequential or execution=parallel"
        )
    return _FUSERS[kind](modules)


def _keep(modules: Sequence[nn.Module]) -> nn.Module:
    """Return the first module: it has no weights and treats every channel separately."""
    return modules[0]


def _fuse_sequence(modules: Sequence[nn.Sequential]) -> nn.Module:
    return nn.Sequential(*(_fuse(parts) for parts in zip(*modules, strict=True)))


def _fuse_residual(modules: Sequence[ResidualModule]) -> nn.Module:
    branch = _fuse([module.branch for module in modules])
    return ResidualModule(branch, _fuse([module.shortcut for module in modules]))


def _fuse_concatenation(modules: Sequence[ConcatenationModule]) -> nn.Module:
    return FusedConcatenation(_fuse([module.branch for module in modules]), len(modules))


def _fuse_padded_shortcut(modules: Sequence[PaddedShortcutModule]) -> nn.Module:
    return FusedPaddedShortcut(modules[0].new_channels, len(modules))


def _fuse_convolution(modules: Sequence[nn.Conv2d]) -> nn.Module:
    first = modules[0]
    fused = nn.Conv2d(
        len(modules) * first.in_channels,
        len(modules) * first.out_channels,
        cast("tuple[int, int]", first.kernel_size),
        cast("tuple[int, int]", first.stride),
        padding=cast("tuple[int, int]", first.padding),
        groups=len(modules) * first.groups,
        bias=first.bias is not None,
        device="meta",
    )
    fused.weight = nn.Parameter(_concatenate_as_views([module.weight for module in modules]))
    if first.bias is not None:
        biases = [module.bias for module in modules if module.bias is not None]
        fused.bias = nn.Parameter(_concatenate_as_views(biases))
    return fused


def _fuse_batch_norm(modules: Sequence[nn.BatchNorm2d]) -> nn.Module:
    first = modules[0]
    fused = nn.BatchNorm2d(len(modules) * first.num_features, first.eps, first.momentum)
    fused.weight = nn.Parameter(_concatenate_as_views([module.weight for module in modules]))
    fused.bias = nn.Parameter(_concatenate_as_views([module.bias for module in modules]))
    for name in ("running_mean", "running_var"):
        setattr(fused, name, _concatenate_as_views([getattr(module, name) for module in modules]))
    for module in (fused, *modules):
        module.num_batches_tracked = first.num_batches_tracked
    return fused


def _fuse_linear(modules: Sequence[nn.Linear]) -> nn.Module:
    shape = (len(modules), *modules[0].weight.shape)
    weight = _concatenate_as_views([module.weight for module in modules]).view(shape)
    bias = _concatenate_as_views([module.bias for module in modules]).view(shape[:2])
    return FusedLinear(weight, bias)


_FUSERS: dict[type[nn.Module], Callable[[Sequence[Any]], nn.Module]] = {
    nn.Sequential: _fuse_sequence,
    nn.Identity: _keep,
    nn.ReLU: _keep,
    nn.ReLU6: _keep,
    nn.MaxPool2d: _keep,
    nn.AvgPool2d: _keep,
    GlobalAveragePoolModule: _keep,
    ResidualModule: _fuse_residual,
    ConcatenationModule: _fuse_concatenation,
    PaddedShortcutModule: _fuse_padded_shortcut,
    nn.Conv2d: _fuse_convolution,
    nn.BatchNorm2d: _fuse_batch_norm,
    nn.Linear: _fuse_linear,
}


def _part_of(module: Any, start: int, stop: int, num_networks: int) -> nn.Module:
    """Return a module of fused networks for some of them, with views of its tensors."""

    def part(inner: nn.Module) -> nn.Module:
        return _part_of(inner, start, stop, num_networks)

    if isinstance(module, nn.Sequential):
        return nn.Sequential(*(part(inner) for inner in module))
    if isinstance(module, ResidualModule):
        return ResidualModule(part(module.branch), part(module.shortcut))
    if isinstance(module, FusedConcatenation):
        return FusedConcatenation(part(module.branch), stop - start)
    if isinstance(module, FusedPaddedShortcut):
        return FusedPaddedShortcut(module.new_channels, stop - start)
    if isinstance(module, nn.Conv2d | nn.BatchNorm2d | FusedLinear):
        return _part_of_layer(module, start / num_networks, stop / num_networks)
    # it has no weights and treats every channel separately
    return cast("nn.Module", copy.copy(module))


def _part_of_layer(
    layer: nn.Conv2d | nn.BatchNorm2d | FusedLinear, start: float, stop: float
) -> nn.Module:
    """Return a layer with weights for the channels, or networks, between two shares of them."""

    def rows(tensor: Tensor) -> Tensor:
        return tensor.detach()[round(start * len(tensor)) : round(stop * len(tensor))]

    own = copy.copy(layer)
    own._parameters, own._buffers = dict(layer._parameters), dict(layer._buffers)
    for name, parameter in layer.named_parameters(recurse=False):
        setattr(own, name, nn.Parameter(rows(parameter)))
    if isinstance(own, nn.BatchNorm2d):
        for name in ("running_mean", "running_var"):
            setattr(own, name, rows(getattr(layer, name)))
        own.num_features = len(own.weight)
    if isinstance(own, nn.Conv2d):
        own.groups = round((stop - start) * own.groups)
        own.out_channels = len(own.weight)
        own.in_channels = own.groups * own.weight.shape[1]
    return own


def _concatenate_as_views(tensors: Sequence[Tensor]) -> Tensor:
    """Concatenate tensors of one shape along the first axis, and make them views of the result.

    The weights of convolutions are stored with channels last, which is quicker for groups.
    """
    joined = torch.cat([tensor.detach() for tensor in tensors])
    if joined.dim() == 4:
        joined = joined.contiguous(memory_format=torch.channels_last)
    for tensor, view in zip(tensors, torch.split(joined, len(tensors[0])), strict=True):
        tensor.data = view
    return joined
