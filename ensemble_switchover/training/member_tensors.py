"""Tensors of fused networks as those of each member, and back.

Dimensions: m members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch.optim import Optimizer


def split_tensor(whole: Tensor, like: Tensor, num_members: int) -> Sequence[Tensor]:
    """Return the part of every member of a fused tensor, as views; a counter is each member's.

    Args:
        whole: A tensor of the fused network, or of the shape of one.
        like: The same tensor of one member, for its shape.
        num_members: m
    """
    if whole.dim() == 0:
        return [whole] * num_members
    # a fused classifier has an axis of its own for the members
    return torch.split(whole, len(like)) if whole.dim() == like.dim() else whole.unbind()


def split_state(optimizer: Optimizer, members: Sequence[Optimizer]) -> list[dict[str, Any]]:
    """Return the state of every member's optimizer, from that of the fused weights.

    Args:
        optimizer: The optimizer of the fused weights.
        members: Every member's own, which takes no steps; its settings are stated as they are.
    """
    states: list[dict[int, dict[str, Any]]] = [{} for _ in members]
    own_parameters = _parameters(members[0])
    for number, (whole, like) in enumerate(
        zip(_parameters(optimizer), own_parameters, strict=True)
    ):
        for name, value in optimizer.state[whole].items():
            own = _split_value(value, whole, like, len(members))
            for state, part in zip(states, own, strict=True):
                state.setdefault(number, {})[name] = part
    return [
        {"state": state, "param_groups": member.state_dict()["param_groups"]}
        for state, member in zip(states, members, strict=True)
    ]


@torch.no_grad()
def join_state(optimizer: Optimizer, members: Sequence[Optimizer]) -> None:
    """Put the states of the members' optimizers into that of the fused weights.

    What the members' do not have stays as it is. What is no weight's own, such as a count of steps,
    lies on the device where the optimizer's kernel reads it there, as it does after a first step.
    """
    kernels = {
        parameter: group.get("fused") or group.get("capturable")
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    each = zip(*(_parameters(member) for member in members), strict=True)
    for whole, parts in zip(_parameters(optimizer), each, strict=True):
        first: Mapping[str, Any] = members[0].state.get(parts[0], {})
        for name, value in first.items():
            if not isinstance(value, Tensor):
                optimizer.state[whole][name] = value
                continue
            if value.shape != parts[0].shape:
                device = whole.device if kernels[whole] else value.device
                optimizer.state[whole][name] = value.to(device, copy=True)
                continue
            joined = torch.zeros_like(whole)
            rows = split_tensor(joined, parts[0], len(members))
            for row, part, member in zip(rows, parts, members, strict=True):
                row.copy_(member.state[part][name])
            optimizer.state[whole][name] = joined
        for part, member in zip(parts, members, strict=True):
            member.state.pop(part, None)  # the fused one has it now


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _split_value(value: Any, whole: Tensor, like: Tensor, num_members: int) -> Sequence[Any]:
    if not isinstance(value, Tensor):
        return [value] * num_members
    if value.shape != whole.shape:
        return [value.clone() for _ in range(num_members)]
    return split_tensor(value, like, num_members)
