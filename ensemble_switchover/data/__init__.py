"""Images: data sets, splits, augmentation, and the batches of every member."""

from ensemble_switchover.data.batches import Batch, EvaluationBatch
from ensemble_switchover.data.datamodule import ImageDataModule
from ensemble_switchover.data.images import ImageSet, SplitImages
from ensemble_switchover.data.load import load_dataset

__all__ = [
    "Batch",
    "EvaluationBatch",
    "ImageDataModule",
    "ImageSet",
    "SplitImages",
    "load_dataset",
]
