"""Make the batches of every member on the device.

Dimensions: N images, m members that share a step, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import KW_ONLY, dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from ensemble_switchover.config.batch_sizes import batch_sizes, num_batches
from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data.augmentation import augment, draw_augmentation
from ensemble_switchover.data.mixing import seeds_of_batches
from ensemble_switchover.data.prefetch import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from torch import Tensor

    from ensemble_switchover.data.augmentation import Augmentation, AugmentationDraws
    from ensemble_switchover.data.images import ImageSet
    from ensemble_switchover.data.mixing import Mixing
    from ensemble_switchover.data.normalisation import Normalisation

IMAGES_AT_ONCE = 1024
"""Images that RandAugment is applied to at once: a batch of 128 has too few per operation."""
PIXELS_AT_ONCE = IMAGES_AT_ONCE * 64**2
"""The same limit in pixels, because the operations take several times the images' memory."""

Groups = tuple[tuple[int, ...], ...]
"""The members that share every step, group by group in the order of training within an epoch."""


class Batch(NamedTuple):
    """The images of one training step of a group of members."""

    members: tuple[int, ...]
    images: Tensor
    """(m, B, C, H, W), normalised."""
    labels: Tensor
    """(m, B) classes, or (m, B, classes) shares where images are mixed."""


class EvaluationBatch(NamedTuple):
    """Test images for all members of a group."""

    members: tuple[int, ...]
    images: Tensor
    """(B, C, H, W), normalised."""
    start: int
    """The index of the first image in the test set."""


@dataclass(eq=False)
class TrainingBatches:
    """The batches of the current epoch; each member has its own order and augmentation.

    Iterating gives the batches of one group of members after another.
    """

    data: ImageSet
    """The training images, on any device."""
    _: KW_ONLY
    groups: Groups
    member_seeds: Sequence[int]
    """One seed per member, which decides its order and augmentation."""
    batch_size: int
    """Images per member and step, from which `batch_sizes` follow."""
    augmentation: Augmentation | None
    mixing: Mixing | None = None
    normalisation: Normalisation
    dtype: torch.dtype
    """The dtype of the batches."""
    epoch: Callable[[], int]
    """Returns the current epoch, counted from 0."""
    prefetch_to: torch.device | None = None
    """A device to copy images to ahead of their use; None makes the batches where `data` is."""

    def __post_init__(self) -> None:
        self.device = self.prefetch_to or self.data.images.device
        self.normalise = self.normalisation.on(self.device, self.dtype)
        self.batch_sizes = batch_sizes(len(self.data), self.batch_size)

    def __len__(self) -> int:
        return len(self.groups) * num_batches(len(self.data), self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for group in self.groups:
            yield from self.group_batches(group, self.epoch())

    def group_batches(self, group: tuple[int, ...], epoch: int) -> Generator[Batch, None, None]:
        """Make the batches of one epoch of a group, each member's mixed by its own seed."""
        batches = self._unmixed(group, epoch)
        if self.mixing is None:
            yield from batches
            return
        generators = (self._generator(member, Stream.MIXING, epoch) for member in group)
        seeds = [seeds_of_batches(own, len(self.batch_sizes)) for own in generators]
        for step, batch in enumerate(batches):
            own_seeds = [of_member[step] for of_member in seeds]
            each = zip(batch.images, batch.labels, own_seeds, strict=True)
            mixed = [self.mixing.apply(*own) for own in each]
            images, labels = (torch.stack(parts) for parts in zip(*mixed, strict=True))
            yield Batch(group, images, labels)

    def _unmixed(self, group: tuple[int, ...], epoch: int) -> Iterator[Batch]:
        """Make the batches of one epoch of a group.

        Several batches are gathered and augmented at once where that is quicker.
        """
        orders = [self._order(member, epoch) for member in group]
        draws = [self._draws(member, epoch) for member in group]
        step = self._batches_at_once
        chunks = [
            self.batch_sizes[first : first + step]
            for first in range(0, len(self.batch_sizes), step)
        ]
        ends = list(accumulate(map(sum, chunks), initial=0))
        indices = (order[start:end] for start, end in pairwise(ends) for order in orders)
        with closing(gather(self.data, indices, self.prefetch_to)) as gathered:
            for sizes, (start, end) in zip(chunks, pairwise(ends), strict=True):
                images, labels = [], []
                for member_draws in draws:
                    chunk, chunk_labels = next(gathered)
                    if self.augmentation is not None and member_draws is not None:
                        selected = member_draws.select(start, end)
                        chunk = augment(chunk, selected, self.augmentation)
                    images.append(torch.split(chunk, sizes))
                    labels.append(torch.split(chunk_labels, sizes))
                for of_members, labels_of_members in zip(
                    zip(*images, strict=True), zip(*labels, strict=True), strict=True
                ):
                    normalised = torch.stack([self.normalise(batch) for batch in of_members])
                    yield Batch(group, normalised, torch.stack(labels_of_members))

    def _order(self, member: int, epoch: int) -> Tensor:
        """Return the member's order (N,) of the training images, on their device."""
        generator = self._generator(member, Stream.ORDER, epoch)
        return torch.randperm(len(self.data), generator=generator).to(self.data.labels.device)

    def _draws(self, member: int, epoch: int) -> AugmentationDraws | None:
        """Return the member's augmentation of all N positions of its order, if there is one."""
        if self.augmentation is None:
            return None
        generator = self._generator(member, Stream.AUGMENTATION, epoch)
        return draw_augmentation(self.augmentation, len(self.data), generator).to(self.device)

    def _generator(self, member: int, stream: Stream, epoch: int) -> torch.Generator:
        return torch.Generator().manual_seed(stream_seed(self.member_seeds[member], stream, epoch))

    @property
    def _batches_at_once(self) -> int:
        """One batch, or as many batches as RandAugment is applied to at once."""
        if self.augmentation is None or self.augmentation.operations is None:
            return 1
        pixels = self.data.images.shape[2] * self.data.images.shape[3]
        at_once = min(IMAGES_AT_ONCE, PIXELS_AT_ONCE // pixels)
        return max(1, at_once // self.batch_size)


@dataclass(eq=False)
class EvaluationBatches:
    """The batches of the whole test set, once for every group."""

    data: ImageSet
    """The test images, on any device."""
    _: KW_ONLY
    groups: Groups
    batch_size: int
    normalisation: Normalisation
    dtype: torch.dtype
    """The dtype of the batches."""
    prefetch_to: torch.device | None = None
    """A device to copy images to ahead of their use; None makes the batches where `data` is."""

    def __post_init__(self) -> None:
        device = self.prefetch_to or self.data.images.device
        self.normalise = self.normalisation.on(device, self.dtype)

    def __len__(self) -> int:
        return len(self.groups) * -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[EvaluationBatch]:
        starts = range(0, len(self.data), self.batch_size)
        for group in self.groups:
            slices = (slice(start, start + self.batch_size) for start in starts)
            with closing(gather(self.data, slices, self.prefetch_to)) as gathered:
                for start, (images, _) in zip(starts, gathered, strict=True):
                    yield EvaluationBatch(group, self.normalise(images), start)
