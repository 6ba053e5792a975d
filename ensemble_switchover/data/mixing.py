"""Mixup and cutmix: a batch is mixed with itself, its labels in the same shares.

Dimensions: B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Mixing:
    """How batches are mixed; with both alphas each batch draws one of the two."""

    mixup: float
    """Parameter alpha of mixup (Zhang et al. 2018); 0: none."""
    cutmix: float
    """Parameter alpha of cutmix (Yun et al. 2019); 0: none."""
    num_classes: int

    @cached_property
    def transform(self) -> Any:
        """The transform of torchvision, which draws from torch's global generator."""
        from torchvision.transforms import v2  # takes a second to import

        asked = {v2.MixUp: self.mixup, v2.CutMix: self.cutmix}
        chosen = [
            kind(alpha=alpha, num_classes=self.num_classes)
            for kind, alpha in asked.items()
            if alpha
        ]
        return v2.RandomChoice(chosen) if len(chosen) > 1 else chosen[0]

    def apply(self, images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Mix a batch; the state of torch's global generator does not change.

        Args:
            images: (B, C, H, W)
            labels: (B,) classes.
            seed: Decides what is drawn.

        Returns:
            The images, and labels (B, classes) as shares.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(
                seed
            )  # and none of a device, which layers draw from
            mixed, shares = self.transform(images, labels)
        return mixed, shares


def seeds_of_batches(generator: torch.Generator, number: int) -> list[int]:
    """Draw a seed for every batch of an epoch."""
    drawn: list[int] = torch.randint(2**62, (number,), generator=generator).tolist()
    return drawn
