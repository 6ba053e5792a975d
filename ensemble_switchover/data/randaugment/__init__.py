"""RandAugment (Cubuk et al. 2020) for batches of `uint8` images, each image with its own draw."""

from ensemble_switchover.data.randaugment.operations import OPERATIONS, Magnitudes, RandAugment
from ensemble_switchover.data.randaugment.transform import draw_operations, transform

__all__ = ["OPERATIONS", "Magnitudes", "RandAugment", "draw_operations", "transform"]
