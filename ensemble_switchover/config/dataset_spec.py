"""What a run needs to know of its data set before any image is read (no torch)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from ensemble_switchover.config.dataset_config import DatasetConfig, FolderConfig, SvhnConfig


@dataclass(frozen=True, slots=True)
class SplitSizes:
    """The number of images for each use."""

    train: int
    """Training images."""
    validation: int
    """Validation images, held out of the training images; 0 for none."""
    test: int
    """Test images, measured on after every epoch; 0 where validation images take their place."""
    evaluated_on: str = "test"
    """The images that the networks are measured on: `test` or `validation`."""

    @property
    def evaluated(self) -> int:
        """Number of images measured on after every epoch, test or validation."""
        return self.validation if self.evaluated_on == "validation" else self.test


def training_images(dataset: DatasetConfig) -> int:
    """Return how many training images the set has, with its extra images where they are used."""
    extra = dataset.extra_images if isinstance(dataset, SvhnConfig) and dataset.extra else 0
    return dataset.train_images + extra


def split_sizes(dataset: DatasetConfig) -> SplitSizes:
    """Return how many images are trained on, held out for validation, and tested on."""
    train = training_images(dataset) if dataset.train_size is None else dataset.train_size
    test = dataset.test_images if dataset.test_size is None else dataset.test_size
    held_out = dataset.validation_size or 0
    on = evaluated_on(dataset)
    return SplitSizes(train - held_out, held_out, 0 if on == "validation" else test, on)


def evaluated_on(dataset: DatasetConfig) -> str:
    """Return what is measured on: as asked, else the validation images where there are any."""
    if dataset.evaluate_on is not None:
        return dataset.evaluate_on
    return "test" if dataset.validation_size is None else "validation"


def idle_keys(dataset: DatasetConfig) -> list[str]:
    """Return the keys of a data set that decide nothing, given the values of the others."""
    idle = []
    if dataset.augmentation == "none":
        idle += ["crop_padding", "flip"]
    if dataset.augmentation != "randaugment":
        idle += ["randaugment_ops", "randaugment_magnitude"]
    if isinstance(dataset, FolderConfig):
        idle.append("skip_bad")
        if dataset.test_share == 0:  # a test folder is given
            idle.append("test_share")
    if not _is_drawn(dataset):
        idle.append("split_seed")
    return idle


def without_idle(dataset: DatasetConfig) -> DatasetConfig:
    """Return the data set with crop padding, flip and split seed at 0 where they decide nothing."""
    neutral: dict[str, Any] = {"crop_padding": 0, "flip": False, "split_seed": 0}
    idle = idle_keys(dataset)
    return replace(dataset, **{key: neutral[key] for key in neutral if key in idle})


def own_options(dataset: DatasetConfig) -> dict[str, Any]:
    """Return the keys of a set beyond those that every set has, such as its difficulty."""
    own = {option.name for option in fields(dataset)}
    own -= {option.name for option in fields(DatasetConfig)}
    own -= set(idle_keys(dataset))
    return {name: getattr(dataset, name) for name in sorted(own)}


def _is_drawn(dataset: DatasetConfig) -> bool:
    """Return whether the split seed chooses any images."""
    used = split_sizes(dataset)
    in_part = used.train + used.validation != training_images(dataset)
    if used.evaluated_on == "test":
        in_part |= used.test != dataset.test_images
    splits_off = isinstance(dataset, FolderConfig) and dataset.test_share > 0
    return dataset.pooled or used.validation > 0 or in_part or splits_off
