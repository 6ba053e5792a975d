"""What every served ensemble does with images before its members see them.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ensemble_switchover.serving.image_check import check_images, check_pixel_range

if TYPE_CHECKING:
    from typing import Self

    from ensemble_switchover.serving.weights import TrainedEnsemble

RangeCheck: TypeAlias = Literal["auto", "always", "never"]
"""When the pixels of floating-point images are checked to lie between 0 and 1.

`auto` checks every batch on a CPU. Elsewhere it checks the first one only: to read the outcome, the
program has to wait for the device. `uint8` images need no such check.
"""


class ServedModel(nn.Module, ABC):
    """A trained ensemble that takes images as they are decoded, and normalises them itself.

    Images are a batch (B, C, H, W) on the ensemble's device, `uint8` from 0 to 255 or floating
    point from 0 to 1. Any others are refused in one sentence. The module stays in evaluation mode,
    also as part of one that is trained, and its weights take no gradients. `.to()`, `.half()`,
    `.bfloat16()`, `.float()` and `.double()` work as with any module; probabilities are in float32
    at least.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, trained: TrainedEnsemble, execution: str, range_check: RangeCheck) -> None:
        super().__init__()
        self.family, self.depth, self.width = trained.family, trained.depth, trained.width
        self.k = len(trained.ensemble.members)
        self.task, self.class_names = trained.task, trained.class_names
        self.execution, self.range_check = execution, range_check
        self._is_first = True
        weight = next(trained.ensemble.parameters())
        scale, shift = trained.normalisation.factors(weight.dtype)
        self.register_buffer("scale", scale.to(weight.device))
        self.register_buffer("shift", shift.to(weight.device))

    @property
    def device(self) -> torch.device:
        """Where images are expected."""
        return self.scale.device

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the ensemble's probabilities (B, classes).

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002
        """Stay in evaluation mode, in which the statistics of batch norms are those learned."""
        return super().train(mode=False)

    def extra_repr(self) -> str:
        """Say which networks these are, in one line."""
        task = self.task
        return (
            f"{self.k} x {self.family.name} {self.depth}x{self.width}, {self.execution}: "
            f"(B, {task.channels}, {task.size}, {task.size}) -> (B, {task.num_classes})"
        )

    def _normalised(self, images: Tensor) -> Tensor:
        images = check_images(images, self.task, self.device)
        dtype = self.scale.dtype
        if images.dtype == torch.uint8:
            return images.to(dtype) * self.scale - self.shift
        if self._checks_range():
            check_pixel_range(images)
            self._is_first = False
        return images.to(dtype) * (255 * self.scale) - self.shift

    def _checks_range(self) -> bool:
        if self.range_check == "auto":
            return self._is_first or self.device.type == "cpu"
        return self.range_check == "always"
