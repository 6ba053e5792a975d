"""A second implementation of the families, as plain torch modules, to compare with."""

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import vgg


class PaddedShortcut(nn.Module):
    def __init__(self, new_channels):
        super().__init__()
        self.new_channels = new_channels

    def forward(self, images):
        before = self.new_channels // 2
        after = self.new_channels - before
        return functional.pad(images[:, :, ::2, ::2], (0, 0, 0, 0, before, after))


class BasicBlock(nn.Module):
    def __init__(self, channels, outputs, stride, projection):
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        if stride == 1 and channels == outputs:
            self.shortcut = nn.Identity()
        elif projection:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        else:
            self.shortcut = PaddedShortcut(outputs - channels)

    def forward(self, images):
        hidden = functional.relu(self.norm1(self.convolution1(images)))
        hidden = self.norm2(self.convolution2(hidden))
        return functional.relu(hidden + self.shortcut(images))


class WideBlock(nn.Module):
    def __init__(self, channels, outputs, stride):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.convolution1 = nn.Conv2d(channels, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.convolution2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = (
            None if channels == outputs else nn.Conv2d(channels, outputs, 1, stride, bias=False)
        )

    def forward(self, images):
        activated = functional.relu(self.norm1(images))
        kept = images if self.shortcut is None else self.shortcut(activated)
        hidden = functional.relu(self.norm2(self.convolution1(activated)))
        return kept + self.convolution2(hidden)


class DenseLayer(nn.Module):
    def __init__(self, channels, growth, bottleneck):
        super().__init__()
        inputs = 4 * growth if bottleneck else channels
        self.squeeze = (
            nn.Sequential(
                nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, inputs, 1, bias=False)
            )
            if bottleneck
            else nn.Identity()
        )
        self.norm = nn.BatchNorm2d(inputs)
        self.convolution = nn.Conv2d(inputs, growth, 3, padding=1, bias=False)

    def forward(self, images):
        grown = self.convolution(functional.relu(self.norm(self.squeeze(images))))
        return torch.cat([images, grown], dim=1)


class Classifier(nn.Module):
    """Features, their mean over the pixels, a linear classifier."""

    def __init__(self, features, channels, num_classes):
        super().__init__()
        self.features = features
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, images):
        return self.classifier(self.features(images).mean(dim=(2, 3)))


def resnet(depth, width, channels, num_classes, shortcut="identity"):
    stem = [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    blocks, inputs = [], width
    for stage in range(3):
        outputs = width * 2**stage
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            blocks.append(BasicBlock(inputs, outputs, stride, shortcut == "projection"))
            inputs = outputs
    return Classifier(nn.Sequential(*stem, *blocks), inputs, num_classes)


def wide_resnet(depth, width, channels, num_classes):
    layers, inputs = [nn.Conv2d(channels, 16, 3, padding=1, bias=False)], 16
    for stage in range(3):
        outputs = 16 * width * 2**stage
        for block in range((depth - 4) // 6):
            layers.append(WideBlock(inputs, outputs, 2 if stage > 0 and block == 0 else 1))
            inputs = outputs
    layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
    return Classifier(nn.Sequential(*layers), inputs, num_classes)


def densenet(depth, width, channels, num_classes, bottleneck=False, compression=1.0):
    inputs = 2 * width if bottleneck else 16
    layers = [nn.Conv2d(channels, inputs, 3, padding=1, bias=False)]
    for block in range(3):
        for _ in range((depth - 4) // (6 if bottleneck else 3)):
            layers.append(DenseLayer(inputs, width, bottleneck))
            inputs += width
        layers += [nn.BatchNorm2d(inputs), nn.ReLU()]
        if block < 2:
            kept = max(1, int(inputs * compression))
            layers += [nn.Conv2d(inputs, kept, 1, bias=False), nn.AvgPool2d(2)]
            inputs = kept
    return Classifier(nn.Sequential(*layers), inputs, num_classes)


def vgg_bn(depth, width, channels, num_classes):
    """Take the features of torchvision's network; only its widths and depths are fixed there."""
    configurations = {11: "A", 13: "B", 16: "D", 19: "E"}
    if depth == 8:
        stages = [64, "M", 128, "M", 256, "M", 512, "M", 512, "M"]
    else:
        stages = vgg.cfgs[configurations[depth]]
    scaled = [stage if stage == "M" else stage * width // 64 for stage in stages]
    features = vgg.make_layers(scaled, batch_norm=True)
    first = features[0]
    features[0] = nn.Conv2d(channels, first.out_channels, 3, padding=1)
    return Classifier(features, 8 * width, num_classes)


PLAIN = {"densenet": densenet, "resnet": resnet, "wide_resnet": wide_resnet, "vgg": vgg_bn}
