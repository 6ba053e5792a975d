"""The facts about published data sets, and the side of their images, which may be reduced."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from ensemble_switchover.config.dataset_config import FolderConfig, OwnDatasetConfig
from ensemble_switchover.config.groups import conf_folder

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig

COUNTED = {"folder", "fractals"}
"""Data sets whose facts are counted or chosen; those of the others are published."""

DRAWN_SIDE = 32
"""The side in pixels at which fractals are drawn."""

PUBLISHED_FACTS = (
    "channels",
    "image_size",
    "num_classes",
    "train_images",
    "test_images",
    "extra_images",
)


@cache
def published_facts(name: str) -> dict[str, Any]:
    """Return the facts that the YAML of a published data set states; none for other sets."""
    path = _option_files().get(name)
    if name in COUNTED or path is None:
        return {}
    stated = OmegaConf.load(path)
    assert isinstance(stated, DictConfig)
    return {key: stated[key] for key in PUBLISHED_FACTS if key in stated}


@cache
def _option_files() -> dict[str, Path]:
    return {path.stem: path for path in (conf_folder() / "dataset").glob("*.yaml")}


def whole_side(name: str, base: str | None = None) -> int | None:
    """Return the side in pixels of a set's images before any are reduced.

    Args:
        name: The data set.
        base: The set whose files it uses, where it has none of its own.

    Returns:
        The published side, or that at which the images are drawn; None for a folder, whose images
        are resized by themselves, and for a set that is not of this program.

    >>> whole_side("tiny_imagenet"), whole_side("fractals"), whole_side("folder")
    (64, 32, None)
    >>> whole_side("my_part_of_cifar", "cifar10"), whole_side("my_own")
    (32, None)
    """
    for known in (name, base):
        if known == "fractals":
            return DRAWN_SIDE
        facts = {} if known is None else published_facts(known)
        if facts:
            return int(facts["image_size"])
    return None


def whole_side_of(dataset: DatasetConfig) -> int | None:
    """Return the side in pixels of a configured set's images before any are reduced, or None."""
    if isinstance(dataset, FolderConfig | OwnDatasetConfig):
        return None
    return whole_side(dataset.name, dataset.base)


def name_of_images(name: str, image_size: int, whole: int | None) -> str:
    """Name a data set, with the size of its images where they are reduced.

    >>> name_of_images("digits", 8, 8), name_of_images("digits", 4, 8)
    ('digits', 'digits at 4x4 pixels')
    >>> name_of_images("photos", 24, None)
    'photos'
    """
    if whole is None or image_size >= whole:
        return name
    return f"{name} at {image_size}x{image_size} pixels"


def images_named(dataset: DatasetConfig) -> str:
    """Name a configured data set, with the size of its images where they are reduced."""
    return name_of_images(dataset.name, dataset.image_size, whole_side_of(dataset))
