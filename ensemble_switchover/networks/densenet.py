"""DenseNet in its CIFAR form (Huang et al. 2017).

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.design.densenet import BOTTLENECK_FACTOR, NUM_BLOCKS

if TYPE_CHECKING:
    from ensemble_switchover.design.densenet import DenseNet as Family
    from ensemble_switchover.design.family import ImageTask


class DenseLayer(nn.Module):
    """Batch norm, ReLU, 3x3 convolution to `growth` channels, appended to the input.

    With a bottleneck, a 1x1 convolution to 4 times `growth` channels comes first.
    """

    def __init__(self, channels: int, growth: int, *, bottleneck: bool) -> None:
        super().__init__()
        inner = BOTTLENECK_FACTOR * growth
        self.squeeze = (
            nn.Sequential(
                nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, inner, 1, bias=False)
            )
            if bottleneck
            else nn.Identity()
        )
        inputs = inner if bottleneck else channels
        self.norm = nn.BatchNorm2d(inputs)
        self.convolution = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C + growth, H, W)."""
        grown = self.convolution(functional.relu(self.norm(self.squeeze(images))))
        return torch.cat([images, grown], dim=1)


class DenseNet(nn.Module):
    """Three dense blocks, transitions that halve the size between them, a linear classifier."""

    def __init__(self, family: Family, depth: int, width: int, task: ImageTask) -> None:
        super().__init__()
        channels = family.stem_channels(width)
        layers: list[nn.Module] = [nn.Conv2d(task.channels, channels, 3, padding=1, bias=False)]
        for block in range(NUM_BLOCKS):
            for _ in range(family.layers_per_block(depth)):
                layers.append(DenseLayer(channels, width, bottleneck=family.bottleneck))
                channels += width
            if block < NUM_BLOCKS - 1:
                kept = family.compressed(channels)
                layers += [
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                    nn.Conv2d(channels, kept, 1, bias=False),
                    nn.AvgPool2d(2),
                ]
                channels = kept
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, task.num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        logits: Tensor = self.classifier(self.features(images).mean(dim=(2, 3)))
        return logits
