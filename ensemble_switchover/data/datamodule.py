"""The LightningDataModule that makes the batches of every member."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytorch_lightning as lightning

from ensemble_switchover.config.dataset_config import STANDARDISED
from ensemble_switchover.config.image_placement import choose_residence
from ensemble_switchover.data.batches import EvaluationBatches, Groups, TrainingBatches
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.data.prefetch import free_device_bytes
from ensemble_switchover.data.steps import TrainingSteps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from ensemble_switchover.config.timed_epochs import TimedEpochs
    from ensemble_switchover.data.augmentation import Augmentation
    from ensemble_switchover.data.images import ImageSet, SplitImages
    from ensemble_switchover.data.mixing import Mixing

_logger = logging.getLogger(__name__)

EVALUATION_BATCH_SIZE = 256


class ImageDataModule(lightning.LightningDataModule):
    """Makes the batches of every member on the trainer's device.

    The training and test images are moved to the device once. If they do not fit there, they stay
    on the host, and batches are copied ahead of their use.
    """

    def __init__(
        self,
        split: SplitImages,
        *,
        groups: Groups,
        member_seeds: Sequence[int],
        batch_size: int,
        augmentation: Augmentation | None,
        dtype: torch.dtype,
        mixing: Mixing | None = None,
        residence: str = "device",
        normalisation: str = STANDARDISED,
    ) -> None:
        super().__init__()
        self.split = split
        self.groups = groups
        self.member_seeds = member_seeds
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.mixing = mixing
        self.dtype = dtype
        self.normalisation = Normalisation.asked_for(
            normalisation, split.train.images, split.train.moments
        )
        self.requested_residence = residence
        self.residence = residence
        """Where the images are, `device` or `host`; decided when training begins."""
        self.steps_at_once: int | None = None
        """Training steps of an item at most; None: every epoch of a group is one item."""
        self.timed_epochs: TimedEpochs | None = None
        """Which steps are trained; None: all."""

    def setup(self, stage: str) -> None:
        """Decide whether the images go to the device or stay on the host."""
        needed = self.split.train.num_bytes + self.split.test.num_bytes
        free = free_device_bytes(self._device)
        chosen = choose_residence(self.requested_residence, self._device.type, needed, free)
        self.residence = chosen.location
        if self.requested_residence == "auto" and self._device.type != "cpu":
            _logger.info(f"dataset.residence=auto: {chosen.location} ({chosen.reason})")

    def train_dataloader(self) -> TrainingSteps:
        """Return the training steps, some at a time."""
        trainer = self.trainer
        assert trainer is not None
        batches = TrainingBatches(
            self._placed(self.split.train),
            groups=self.groups,
            member_seeds=self.member_seeds,
            batch_size=self.batch_size,
            augmentation=self.augmentation,
            mixing=self.mixing,
            normalisation=self.normalisation,
            dtype=self.dtype,
            epoch=lambda: trainer.current_epoch,
            prefetch_to=self._prefetch_to,
        )
        return TrainingSteps(batches, self.steps_at_once, self.timed_epochs)

    def val_dataloader(self) -> EvaluationBatches:
        """Return the test batches."""
        return EvaluationBatches(
            self._placed(self.split.test),
            groups=self.groups,
            batch_size=EVALUATION_BATCH_SIZE,
            normalisation=self.normalisation,
            dtype=self.dtype,
            prefetch_to=self._prefetch_to,
        )

    def transfer_batch_to_device(
        self, batch: object, device: torch.device, dataloader_idx: int
    ) -> object:
        """Return the batch unchanged: it is already on the device."""
        return batch

    @property
    def _device(self) -> torch.device:
        assert self.trainer is not None
        return self.trainer.strategy.root_device

    @property
    def _prefetch_to(self) -> torch.device | None:
        # with a CPU, host and device are the same memory
        on_host = self.residence == "host" and self._device.type != "cpu"
        return self._device if on_host else None

    def _placed(self, images: ImageSet) -> ImageSet:
        return images.to(self._device) if self._prefetch_to is None else images
