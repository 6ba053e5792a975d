"""Wide ResNet (Zagoruyko & Komodakis 2016): pre-activation basic blocks, no dropout.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.design.wide_resnet import STAGE_CHANNELS, STEM_CHANNELS

if TYPE_CHECKING:
    from ensemble_switchover.design.family import ImageTask
    from ensemble_switchover.design.wide_resnet import WideResNet as Family


class WideBlock(nn.Module):
    """Batch norm, ReLU, 3x3 convolution, twice; a 1x1 shortcut where the channels change.

    That shortcut starts from the activated input, as in the authors' code.
    """

    def __init__(self, channels: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.convolution1 = nn.Conv2d(channels, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = (
            None if channels == outputs else nn.Conv2d(channels, outputs, 1, stride, bias=False)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, outputs, H / stride, W / stride)."""
        activated = functional.relu(self.norm1(images))
        kept = images if self.shortcut is None else self.shortcut(activated)
        hidden = functional.relu(self.norm2(self.convolution1(activated)))
        result: Tensor = kept + self.convolution2(hidden)
        return result


class WideResNet(nn.Module):
    """A stem of 16 channels, three stages of wide blocks, a linear classifier."""

    def __init__(self, family: Family, depth: int, width: int, task: ImageTask) -> None:
        super().__init__()
        channels = STEM_CHANNELS
        layers: list[nn.Module] = [nn.Conv2d(task.channels, channels, 3, padding=1, bias=False)]
        for stage, base in enumerate(STAGE_CHANNELS):
            for block in range(family.blocks_per_stage(depth)):
                stride = 2 if stage > 0 and block == 0 else 1
                layers.append(WideBlock(channels, base * width, stride=stride))
                channels = base * width
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU())
        self.classifier = nn.Linear(channels, task.num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to logits (B, classes)."""
        logits: Tensor = self.classifier(self.features(images).mean(dim=(2, 3)))
        return logits
