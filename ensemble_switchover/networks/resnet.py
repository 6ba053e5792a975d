"""ResNet in its CIFAR form (He et al. 2016, section 4.2).

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.design.resnet import STAGE_FACTORS

if TYPE_CHECKING:
    from ensemble_switchover.design.family import ImageTask
    from ensemble_switchover.design.resnet import ResNet as Family


class PaddedShortcut(nn.Module):
    """Option A of He et al.: every second pixel, and zeros for the channels that are new."""

    def __init__(self, new_channels: int) -> None:
        super().__init__()
        self.new_channels = new_channels

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C + new, ceil(H / 2), ceil(W / 2))."""
        before = self.new_channels // 2
        after = self.new_channels - before
        return functional.pad(images[:, :, ::2, ::2], (0, 0, 0, 0, before, after))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, and a shortcut around them."""

    def __init__(self, channels: int, outputs: int, *, stride: int, projection: bool) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module
        if stride == 1 and channels == outputs:
            self.shortcut = nn.Identity()
        elif projection:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        else:
            self.shortcut = PaddedShortcut(outputs - channels)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride)."""
        hidden = functional.relu(self.norm1(self.convolution1(images)))
        hidden = self.norm2(self.convolution2(hidden))
        return functional.relu(hidden + self.shortcut(images))


class ResNet(nn.Module):
    """A stem, three stages of basic blocks, a linear classifier."""

    def __init__(self, family: Family, depth: int, width: int, task: ImageTask) -> None:
        super().__init__()
        channels = width
        layers: list[nn.Module] = [
            nn.Conv2d(task.channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        ]
        for stage, factor in enumerate(STAGE_FACTORS):
            for block in range(family.blocks_per_stage(depth)):
                stride = 2 if stage > 0 and block == 0 else 1
                projection = family.shortcut == "projection"
                layers.append(
                    BasicBlock(channels, factor * width, stride=stride, projection=projection)
                )
                channels = factor * width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, task.num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        logits: Tensor = self.classifier(self.features(images).mean(dim=(2, 3)))
        return logits
