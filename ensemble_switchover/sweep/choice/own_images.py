"""The images of a folder as a study of them needs to know: sizes, colours, counts (no torch)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.data_check import check_data
from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.config.describe_images import describe_images
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.sweep.choice.study_command import (
    folder_overrides,
    refuse_given_otherwise,
)
from ensemble_switchover.sweep.choice.study_size import image_sides

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GREY_CHANNELS, COLOUR_CHANNELS = 1, 3
"""Channels of an image."""
OF_DATASET = "dataset."


@dataclass(frozen=True, slots=True)
class OwnImages:
    """What a study needs to know of the images of a folder."""

    content: str
    """A hash of the names and contents of the files."""
    side: int
    """Median of the shorter sides, in pixels."""
    channels: int
    """1 where all images are grey, else 3, or what the user states."""
    num_classes: int
    train_images: int
    """Training images that there are, those held out for validation included."""
    lines: tuple[str, ...]
    """What the user should know of them."""


def look_at(root: Path, overrides: Sequence[str]) -> OwnImages:
    """Look at a folder of images, without decoding any.

    Args:
        root: The folder.
        overrides: Those of the user, of which those of the data set count.

    Raises:
        ConfigError: if it is none that can be trained on, or an override is wrong.
        OSError: if the machine fails to read a file.
    """
    refuse_given_otherwise(overrides)
    of_dataset = [entry for entry in overrides if entry.startswith(OF_DATASET)]
    ((_, (config, *_)),) = compose_overrides([*folder_overrides(root), *of_dataset])
    assert isinstance(config.dataset, FolderConfig)
    try:
        check = check_data(config.dataset)
    except ConfigError as error:
        raise ConfigError(*(_of_folder(str(problem)) for problem in error.args)) from error
    dataset, survey = check.dataset, check.survey
    channels = dataset.channels
    if not has_override(overrides, f"{OF_DATASET}channels"):
        channels = GREY_CHANNELS if survey.num_grey == survey.num_images else COLOUR_CHANNELS
    shown = replace(dataset, channels=channels, image_size=image_sides(survey.median_side, None)[0])
    return OwnImages(
        content=dataset.content,
        side=survey.median_side,
        channels=channels,
        num_classes=dataset.num_classes,
        train_images=dataset.train_images,
        lines=(*describe_images(shown, check.parts, survey), *check.remarks),
    )


def _of_folder(problem: str) -> str:
    r"""Write a problem of `dataset.root=` as one of the folder, which the command takes by itself.

    >>> _of_folder("dataset.root=a: holds one folder; give \"dataset.root='a/b'\"")
    'a: holds one folder; give a/b as the folder'
    """
    given = re.sub(r"\"?dataset\.root='([^']+)'\"?", r"\1 as the folder", problem)
    return given.removeprefix("dataset.root=")
