"""m networks of one structure as one: their channels side by side, each network its own group.

The weights, statistics and gradients of the m networks lie one after another in the tensors of the
fused network; those of the networks themselves become views of them, so both always agree.

Dimensions: m networks, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks.build import (
    ConcatenationModule,
    GlobalAveragePoolModule,
    PaddedShortcutModule,
    ResidualModule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class NoFusedFormError(ConfigError):
    """A layer that cannot be computed for several networks at once as for each by itself."""


class Fused(nn.Module):
    """The m networks side by side."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.body = _fuse(networks)

    def forward(self, images: Tensor) -> Tensor:
        """Map every network's own images (m, B, C, H, W) to its logits (m, B, classes)."""
        networks, batch, channels, height, width = images.shape
        side_by_side = images.transpose(0, 1).reshape(batch, networks * channels, height, width)
        logits: Tensor = self.body(side_by_side.contiguous(memory_format=torch.channels_last))
        return logits


class FusedLinear(nn.Module):
    """m linear layers."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """Take the weights (m, outputs, inputs) and biases (m, outputs)."""
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, m * inputs) to (m, B, outputs)."""
        networks, _, inputs = self.weight.shape
        own = features.view(-1, networks, inputs).transpose(0, 1)
        return torch.baddbmm(self.bias[:, None], own, self.weight.transpose(1, 2))


class FusedConcatenation(nn.Module):
    """A branch whose channels are appended to its input's, network by network."""

    def __init__(self, branch: nn.Module, num_networks: int) -> None:
        super().__init__()
        self.branch = branch
        self.num_networks = num_networks

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, m * C, H, W) to (B, m * (C + grown), H, W)."""
        parts = [_by_network(part, self.num_networks) for part in (images, self.branch(images))]
        return torch.cat(parts, dim=2).flatten(1, 2)


class FusedPaddedShortcut(nn.Module):
    """Every second pixel, and zeros for the channels that are new, network by network."""

    def __init__(self, new_channels: int, num_networks: int) -> None:
        super().__init__()
        self.new_channels = new_channels
        self.num_networks = num_networks

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, m * C, H, W) to (B, m * (C + new), ceil(H / 2), ceil(W / 2))."""
        before = self.new_channels // 2
        after = self.new_channels - before
        own = _by_network(images[:, :, ::2, ::2], self.num_networks)
        return functional.pad(own, (0, 0, 0, 0, before, after)).flatten(1, 2)


def _by_network(images: Tensor, num_networks: int) -> Tensor:
    """View (B, m * C, H, W) as (B, m, C, H, W)."""
    batch, channels, height, width = images.shape
    return images.view(batch, num_networks, channels // num_networks, height, width)


def _fuse(modules: Sequence[Any]) -> nn.Module:
    """Fuse modules that are alike."""
    kind = type(modules[0])
    if kind not in _FUSERS:
        raise NoFusedFormError(
            f"execution=fused: {kind.__name__} has no form in which several networks are one; "
            f"expected execution=sequential or execution=parallel"
        )
    return _FUSERS[kind](modules)


def _keep(modules: Sequence[nn.Module]) -> nn.Module:
    """Take what treats every channel by itself, and has no weights."""
    return modules[0]


def _fuse_sequence(modules: Sequence[nn.Sequential]) -> nn.Module:
    return nn.Sequential(*(_fuse(parts) for parts in zip(*modules, strict=True)))


def _fuse_residual(modules: Sequence[ResidualModule]) -> nn.Module:
    branch = _fuse([one.branch for one in modules])
    return ResidualModule(branch, _fuse([one.shortcut for one in modules]))


def _fuse_concatenation(modules: Sequence[ConcatenationModule]) -> nn.Module:
    return FusedConcatenation(_fuse([one.branch for one in modules]), len(modules))


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
        groups=len(modules),
        bias=first.bias is not None,
        device="meta",
    )
    fused.weight = _joined([one.weight for one in modules])
    if first.bias is not None:
        fused.bias = _joined([one.bias for one in modules if one.bias is not None])
    return fused


def _fuse_batch_norm(modules: Sequence[nn.BatchNorm2d]) -> nn.Module:
    first = modules[0]
    fused = nn.BatchNorm2d(len(modules) * first.num_features, first.eps, first.momentum)
    fused.weight = _joined([one.weight for one in modules])
    fused.bias = _joined([one.bias for one in modules])
    for name in ("running_mean", "running_var"):
        setattr(fused, name, _join([getattr(one, name) for one in modules]))
    for one in (fused, *modules):
        one.num_batches_tracked = first.num_batches_tracked
    return fused


def _fuse_linear(modules: Sequence[nn.Linear]) -> nn.Module:
    shape = (len(modules), *modules[0].weight.shape)
    weight = _join([one.weight for one in modules]).view(shape)
    return FusedLinear(weight, _join([one.bias for one in modules]).view(shape[:2]))


_FUSERS: dict[type[nn.Module], Callable[[Sequence[Any]], nn.Module]] = {
    nn.Sequential: _fuse_sequence,
    nn.Identity: _keep,
    nn.ReLU: _keep,
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


def _joined(parameters: Sequence[Tensor]) -> nn.Parameter:
    return nn.Parameter(_join(parameters))


def _join(tensors: Sequence[Tensor]) -> Tensor:
    """Put tensors into one, one after another, and make them views of it.

    Weights of convolutions get their channels last, which is the quicker order for groups.
    """
    whole = torch.cat([tensor.detach() for tensor in tensors])
    if whole.dim() == 4:
        whole = whole.contiguous(memory_format=torch.channels_last)
    for tensor, part in zip(tensors, torch.split(whole, len(tensors[0])), strict=True):
        tensor.data = part
    return whole
