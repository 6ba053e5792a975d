"""Training images of one class, as they are and as training would augment them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data.augmentation import augment, draw_augmentation
from ensemble_switchover.training.assemble import augmentation_of

if TYPE_CHECKING:
    import numpy as np

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data import ImageSet


def images_of_class(spec: RunSpec, data: ImageSet, label: int, count: int) -> np.ndarray:
    """Return `count` images (N, C, H, W) of a class.

    Without augmentation they are its first images; with it, its first image and augmented
    versions of that image.
    """
    augmentation = augmentation_of(spec)
    of_class = torch.nonzero(data.labels == label).flatten()
    if augmentation is None:
        return data.images[of_class[:count]].numpy()
    seed = stream_seed(spec.member_seeds[0], Stream.AUGMENTATION, label)
    generator = torch.Generator().manual_seed(seed)
    first = data.images[of_class[:1]]
    copies = first.expand(count - 1, -1, -1, -1).contiguous()
    draws = draw_augmentation(augmentation, count - 1, generator)
    return torch.cat([first, augment(copies, draws, augmentation)]).numpy()
