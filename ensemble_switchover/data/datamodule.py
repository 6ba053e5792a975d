"""The LightningDataModule: images on the device, batches by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytorch_lightning as lightning

from ensemble_switchover.data.batches import (
    EvaluationBatches,
    Groups,
    Normalisation,
    TrainingBatches,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from ensemble_switchover.data.augmentation import Augmentation
    from ensemble_switchover.data.images import SplitImages

EVALUATION_BATCH_SIZE = 256


class ImageDataModule(lightning.LightningDataModule):
    """Moves both splits to the trainer's device once, and serves every member its own batches."""

    def __init__(
        self,
        split: SplitImages,
        *,
        groups: Groups,
        member_seeds: Sequence[int],
        batch_size: int,
        augmentation: Augmentation | None,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.split = split
        self.groups = groups
        self.member_seeds = member_seeds
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.dtype = dtype
        self.normalisation = Normalisation.of(split.train.images)

    def train_dataloader(self) -> TrainingBatches:
        """Serve the training images on the trainer's device."""
        trainer = self.trainer
        assert trainer is not None
        return TrainingBatches(
            self.split.train.to(trainer.strategy.root_device),
            groups=self.groups,
            member_seeds=self.member_seeds,
            batch_size=self.batch_size,
            augmentation=self.augmentation,
            normalisation=self.normalisation,
            dtype=self.dtype,
            epoch=lambda: trainer.current_epoch,
        )

    def val_dataloader(self) -> EvaluationBatches:
        """Serve the test images on the trainer's device; evaluation is not training."""
        assert self.trainer is not None
        return EvaluationBatches(
            self.split.test.to(self.trainer.strategy.root_device),
            groups=self.groups,
            batch_size=EVALUATION_BATCH_SIZE,
            normalisation=self.normalisation,
            dtype=self.dtype,
        )

    def transfer_batch_to_device(
        self, batch: object, device: torch.device, dataloader_idx: int
    ) -> object:
        """Leave the batch where it is: it was made on the device."""
        return batch
