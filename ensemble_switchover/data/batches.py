"""Every member's own batches, made on the device.

Dimensions: N images, m members of a step, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import torch

from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data.augmentation import augment, draw_augmentation
from ensemble_switchover.data.prefetch import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from ensemble_switchover.data.augmentation import Augmentation
    from ensemble_switchover.data.images import ImageSet
    from ensemble_switchover.data.normalisation import Normalisation

IMAGES_AT_ONCE = 1024
PIXELS_AT_ONCE = IMAGES_AT_ONCE * 64**2
"""Larger images are fewer at a time: their operations need several times their memory."""
"""RandAugment has 14 operations, so a batch of 128 has 9 images of each: too few to be quick."""

Groups = tuple[tuple[int, ...], ...]
"""Which members share a step, in the order in which the groups take their epoch."""


class Batch(NamedTuple):
    """One training step of the members of one group."""

    members: tuple[int, ...]
    images: Tensor
    """(m, B, C, H, W), normalised."""
    labels: Tensor
    """(m, B)"""


class GroupEpoch(NamedTuple):
    """One epoch of the members of one group."""

    members: tuple[int, ...]
    batches: Iterator[Batch]
    """Made as they are asked for."""


class EvaluationBatch(NamedTuple):
    """The same test images for the members of one group."""

    members: tuple[int, ...]
    images: Tensor
    """(B, C, H, W), normalised."""
    start: int
    """Position of the first of them in the test set."""


class TrainingBatches:
    """One epoch of every group after the other; each member in its own order and augmentation."""

    def __init__(
        self,
        data: ImageSet,
        *,
        groups: Groups,
        member_seeds: Sequence[int],
        batch_size: int,
        augmentation: Augmentation | None,
        normalisation: Normalisation,
        dtype: torch.dtype,
        epoch: Callable[[], int],
        prefetch_to: torch.device | None = None,
    ) -> None:
        """Take the data, and a function that tells the current epoch, counted from 0.

        Batches are made where the data lie, or on a device that images are brought to while
        others are trained on.
        """
        self.data = data
        self.groups = groups
        self.member_seeds = member_seeds
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.device = data.images.device if prefetch_to is None else prefetch_to
        self.normalise = normalisation.on(self.device, dtype)
        self.epoch = epoch
        self.prefetch_to = prefetch_to

    def __len__(self) -> int:
        return len(self.groups) * -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for group in self.groups:
            yield from self._group_batches(group, self.epoch())

    def by_group(self) -> GroupEpochs:
        """Return the same, an epoch of a group at a time."""
        return GroupEpochs(self)

    def _group_batches(self, group: tuple[int, ...], epoch: int) -> Iterator[Batch]:
        size = len(self.data)
        orders, draws = [], []
        for member in group:
            seed = self.member_seeds[member]
            generator = torch.Generator().manual_seed(stream_seed(seed, Stream.ORDER, epoch))
            orders.append(torch.randperm(size, generator=generator).to(self.data.labels.device))
            if self.augmentation is not None:
                generator.manual_seed(stream_seed(seed, Stream.AUGMENTATION, epoch))
                draws.append(draw_augmentation(self.augmentation, size, generator).to(self.device))
        step = self._images_at_once
        starts = range(0, size, step)
        indices = (order[start : start + step] for start in starts for order in orders)
        with closing(gather(self.data, indices, self.prefetch_to)) as gathered:
            for start in starts:
                images, labels = [], []
                for position in range(len(group)):
                    piece, piece_labels = next(gathered)
                    if self.augmentation is not None:
                        selected = draws[position].select(start, start + step)
                        piece = augment(piece, selected, self.augmentation)
                    images.append(torch.split(piece, self.batch_size))
                    labels.append(torch.split(piece_labels, self.batch_size))
                for own, own_labels in zip(
                    zip(*images, strict=True), zip(*labels, strict=True), strict=True
                ):
                    batches = torch.stack([self.normalise(batch) for batch in own])
                    yield Batch(group, batches, torch.stack(own_labels))

    @property
    def _images_at_once(self) -> int:
        """Whole batches: one, or so many that the operations of RandAugment have enough to do."""
        if self.augmentation is None or self.augmentation.operations is None:
            return self.batch_size
        pixels = self.data.images.shape[2] * self.data.images.shape[3]
        at_once = min(IMAGES_AT_ONCE, PIXELS_AT_ONCE // pixels)
        return self.batch_size * max(1, at_once // self.batch_size)


class GroupEpochs:
    """Epochs of groups: Lightning's loop then runs once for all the steps of a group."""

    def __init__(self, batches: TrainingBatches) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches.groups)

    def __iter__(self) -> Iterator[GroupEpoch]:
        for group in self.batches.groups:
            yield GroupEpoch(group, self.batches._group_batches(group, self.batches.epoch()))


class EvaluationBatches:
    """The whole test set, once for every group."""

    def __init__(
        self,
        data: ImageSet,
        *,
        groups: Groups,
        batch_size: int,
        normalisation: Normalisation,
        dtype: torch.dtype,
        prefetch_to: torch.device | None = None,
    ) -> None:
        """Take the data; batches are made where they lie, or on a device they are brought to."""
        self.data = data
        self.groups = groups
        self.batch_size = batch_size
        self.normalise = normalisation.on(
            data.images.device if prefetch_to is None else prefetch_to, dtype
        )
        self.prefetch_to = prefetch_to

    def __len__(self) -> int:
        return len(self.groups) * -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[EvaluationBatch]:
        starts = range(0, len(self.data), self.batch_size)
        for group in self.groups:
            slices = (slice(start, start + self.batch_size) for start in starts)
            with closing(gather(self.data, slices, self.prefetch_to)) as gathered:
                for start, (images, _) in zip(starts, gathered, strict=True):
                    yield EvaluationBatch(group, self.normalise(images), start)
