"""The schema of the config group `dataset`: the facts about a data set, and how it is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Optional

from omegaconf import MISSING

from ensemble_switchover.config.key_markers import (
    RESOLVED,
    STATED,
    Excluded,
    Expected,
    at_most,
    between,
    one_of,
)
from ensemble_switchover.config.largest_values import (
    MAX_CHANNELS,
    MAX_CLASSES,
    MAX_IMAGE_SIZE,
    MAX_IMAGES,
    MAX_MAGNITUDE,
    RANDAUGMENT_OPERATIONS,
)
from ensemble_switchover.config.seeds import MAX_SEED

STANDARDISED = "standardised"
"""The normalisation of pixels in all runs of before there was another."""


SEEDS = between(0, MAX_SEED)


WEB_ADDRESS = Expected(
    "http://... or https://...", lambda url: url.startswith(("http://", "https://"))
)


@dataclass(slots=True, kw_only=True)
class DatasetConfig:
    """A data set: the facts about it, and how it is used."""

    name: Annotated[str, STATED] = MISSING
    """Name of the data set; `dataset=` sets it."""
    base: Annotated[Optional[str], STATED] = None
    """Data set whose files and whose row of Table A are used; absent: its own."""
    channels: Annotated[int, between(1, MAX_CHANNELS), STATED] = MISSING
    """Colour channels of an image."""
    image_size: Annotated[int, between(1, MAX_IMAGE_SIZE), STATED] = MISSING
    """Side of an image in pixels, at most 1024. Below the published side every pixel is the mean
    over the area that it covers; a folder's images are resized; those of one's own set must have
    it."""
    num_classes: Annotated[int, at_most(MAX_CLASSES), STATED] = MISSING
    """Number of classes, 2 or more."""
    train_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of training images that the data set has."""
    test_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of test images that the data set has."""
    pooled: Annotated[bool, STATED] = False
    """Whether training and test images are drawn from one pool of `train_images`."""
    root: Annotated[Optional[str], Excluded("where the files are")] = None
    """Folder of the files; `~` at its beginning is the home folder; absent: `datasets` in the
    folder of caches."""
    cache: Annotated[Optional[str], Excluded("where caches are kept")] = None
    """Folder of the decoded images and of all other caches; `~` at its beginning is the home
    folder; absent: the user's cache folder."""
    url: Annotated[
        Optional[str], WEB_ADDRESS, Excluded("where the files come from; their bytes are checked")
    ] = None
    """Address of a mirror that has the files, http://... or https://...; absent: the address at
    which they are published."""
    residence: Annotated[
        str,
        one_of("auto", "device", "host"),
        Excluded("where the images are kept; it is in the record"),
    ] = "auto"
    """Where the images are kept during training: `device`, `host`, or `auto`, which is the device
    if they fit into its memory."""
    train_size: Annotated[Optional[int], RESOLVED] = None
    """Number of training images used, a stratified subset; absent: all."""
    validation_size: Annotated[Optional[int], RESOLVED] = None
    """Number of training images that are held out for validation, stratified, and not trained on;
    absent: none."""
    evaluate_on: Annotated[Optional[str], one_of("test", "validation"), RESOLVED] = None
    """Images that the networks are evaluated on: `test` or `validation`; absent: the validation
    images where there are any, and then the test images are never used."""
    test_size: Annotated[Optional[int], RESOLVED] = None
    """Number of test images used, a stratified subset; absent: all."""
    split_seed: Annotated[int, SEEDS, STATED] = 0
    """Seed that chooses the subsets; all runs of a study should share it."""
    augmentation: Annotated[str, one_of("none", "standard", "randaugment"), STATED] = "standard"
    """Augmentation of the training images: `none`; `standard`, a random crop after padding and,
    with `flip`, a horizontal flip; or `randaugment`, random operations followed by `standard`."""
    crop_padding: Annotated[int, between(0, MAX_IMAGE_SIZE), STATED] = 4
    """Padding before the random crop, in pixels a side (He et al. 2016, section 4.2)."""
    flip: Annotated[bool, STATED] = True
    """Whether half of the training images are flipped from left to right (He et al. 2016, section
    4.2)."""
    normalisation: Annotated[str, one_of(STANDARDISED, "scaled"), STATED] = STANDARDISED
    """What is done to pixels: `standardised` by the mean and deviation of each channel over the
    training images, or `scaled` to 0 to 1, which is division by 255."""
    randaugment_ops: Annotated[int, between(1, RANDAUGMENT_OPERATIONS), STATED] = 2
    """Number of operations that RandAugment applies to an image, 1 to 14 (N of Cubuk et al. 2020;
    Figure J)."""
    randaugment_magnitude: Annotated[int, between(0, MAX_MAGNITUDE), STATED] = 14
    """Strength of the operations of RandAugment, 0 to 30 (M of Cubuk et al. 2020; Figure J)."""


@dataclass(slots=True, kw_only=True)
class FractalsConfig(DatasetConfig):
    """Generated images of iterated function systems."""

    difficulty: Annotated[float, between(0, 1), STATED] = 0.5
    """Difficulty of the images, 0 to 1: the higher, the wider the variation inside a class, the
    more noise, and the more alike the classes; at 0.5 the weights vary as in FractalDB (Kataoka et
    al., ACCV 2020)."""
    generator_seed: Annotated[int, SEEDS, STATED] = 0
    """Seed of the classes and of their images."""


@dataclass(slots=True, kw_only=True)
class FolderConfig(DatasetConfig):
    """A folder of the user's own images; the counts are 0 until the folder has been read."""

    test_share: Annotated[float, STATED] = 0.2
    """Share of the images that is split off for testing, more than 0 and at most 0.5; unused where
    there is a folder `test`."""
    skip_bad: Annotated[
        bool, Excluded("files that are left out are not among the hashed contents")
    ] = False
    """Whether files that cannot be read as images are left out and reported, rather than end the
    run."""
    content: Annotated[str, STATED] = ""
    """Hash of the names and contents of the files; it is computed, and cannot be set."""


@dataclass(slots=True, kw_only=True)
class OwnDatasetConfig(DatasetConfig):
    """A data set of the user's own, which a function makes."""

    _target_: Annotated[str, STATED] = MISSING
    """Full name of the function that returns the images, such as `package.module.load`."""
    arguments: Annotated[dict[str, Any], STATED] = field(default_factory=dict)
    """Arguments of the function by their names."""
    content: Annotated[Optional[str], STATED] = None
    """Hash of the images and labels, with which those that the function returns are compared;
    absent: they are not."""


@dataclass(slots=True, kw_only=True)
class SvhnConfig(DatasetConfig):
    """Street View House Numbers (Netzer et al. 2011)."""

    extra: Annotated[bool, STATED] = False
    """Whether the extra, easier images are trained on as well."""
    extra_images: Annotated[int, between(0, MAX_IMAGES), STATED] = MISSING
    """Number of extra images that the data set has."""
