"""An ensemble of k networks of one design.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ensemble_switchover.networks.build import build_member

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.design import Family, ImageTask


class MeanOfMembers(nn.Module, ABC):
    """k networks whose prediction is the mean of their softmax probabilities."""

    @abstractmethod
    def member_probabilities(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to each member's probabilities (k, B, classes)."""

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to the ensemble's probabilities (B, classes)."""
        return ensemble_probabilities(self.member_probabilities(images))


class Ensemble(MeanOfMembers):
    """k networks of one design, computed one after another."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @classmethod
    def build(
        cls,
        family: Family,
        depth: int,
        width: int,
        task: ImageTask,
        member_seeds: Sequence[int],
    ) -> Ensemble:
        """Build an ensemble with one member per seed.

        Raises:
            DesignError: if the family has no network of this depth and width.
        """
        return cls(build_member(family, depth, width, task, seed) for seed in member_seeds)

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to each member's probabilities (k, B, classes)."""
        return torch.stack([class_probabilities(member(images)) for member in self.members])


def class_probabilities(logits: Tensor) -> Tensor:
    """Turn logits (..., classes) into probabilities, in float32 or in float64 if they are that."""
    return logits.softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))


def class_log_probabilities(logits: Tensor) -> Tensor:
    """Turn logits (k, N, classes) into logarithms of probabilities on the host, in float32.

    They are computed in float64: in float32 the logarithm of a probability above 1 - 3e-8 is 0.

    >>> class_log_probabilities(torch.tensor([[[0.0, -30.0]]]))
    tensor([[[-9.3481e-14, -3.0000e+01]]])
    """
    return torch.stack([member.cpu().double().log_softmax(dim=-1).float() for member in logits])


def ensemble_probabilities(member_probabilities: Tensor) -> Tensor:
    """Average the probabilities of the members (k, B, classes) over the members."""
    return member_probabilities.mean(dim=0)
