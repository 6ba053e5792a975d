"""What a user should know of a folder of images before anything is spent on it (no torch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.config.dataset_facts import dataset_facts
from ensemble_switchover.config.dataset_folders import array_cache_folder, dataset_root
from ensemble_switchover.config.describe_images import describe_images
from ensemble_switchover.config.file_kinds import refusal
from ensemble_switchover.config.folder_parts import folder_parts
from ensemble_switchover.config.part_sizes import size_problems
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.usable_images import usable_images
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.folder_parts import FolderParts
    from ensemble_switchover.config.image_survey import ImageSurvey

ANY_TEST_SHARE = 0.2
"""Stands for a share that is not used, since the folder has test images."""


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What was found in a folder of images."""

    dataset: FolderConfig
    """The configuration, with the facts that were found in the folder."""
    parts: FolderParts
    """Which files are trained on, held out and tested on."""
    survey: ImageSurvey
    """What the images are like."""
    remarks: tuple[str, ...]
    """What is odd about the folder, each a sentence."""


def data_check_lines(datasets: Iterable[DatasetConfig]) -> list[str]:
    """Check every folder of images among data sets, and describe each for a person.

    Args:
        datasets: Configurations of data sets, with or without the facts; equal ones count once, and
            others than folders have nothing to be checked.

    Raises:
        ConfigError: as `check_data` does.
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    folders = {repr(found): found for found in datasets if isinstance(found, FolderConfig)}
    with reading_once():
        checks = [check_data(dataset) for dataset in folders.values()]
    return list(
        dict.fromkeys(
            f"dataset={check.dataset.name}: {line}"
            for check in checks
            for line in [
                *describe_images(check.dataset, check.parts, check.survey),
                *check.remarks,
            ]
        )
    )


def image_description(dataset: DatasetConfig) -> list[str]:
    """Describe the images of a folder without what is odd about it; nothing of other data sets.

    Raises:
        ConfigError: as `check_data` does.
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    if not isinstance(dataset, FolderConfig):
        return []
    check = check_data(dataset)
    return describe_images(check.dataset, check.parts, check.survey)


def check_data(dataset: FolderConfig) -> DataCheck:
    """Find out how a run would use the images of a folder, and what they are like.

    No image is decoded, and what is read of a file is kept for the next time.

    Args:
        dataset: The configuration of the folder, with or without its facts.

    Raises:
        ConfigError: if the folder is not laid out as expected, a class or a part has too few
            images, or a file is no image and `dataset.skip_bad` is off.
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    from ensemble_switchover.config.image_survey import survey_headers

    if dataset.content:
        share = dataset.test_share or ANY_TEST_SHARE
        dataset = replace(dataset, content="", test_share=share)
    with reading_once():
        facts = dataset_facts(dataset)
        root = dataset_root(dataset)
        usable = usable_images(dataset, root)
    assert isinstance(facts.dataset, FolderConfig)
    if problems := size_problems(facts.dataset):
        raise ConfigError(*problems)
    survey = survey_headers(root, usable.digests, array_cache_folder(dataset))
    if survey.unread and not dataset.skip_bad:
        _refuse_unreadable(root, survey.unread, dataset.channels)
    parts = folder_parts(facts.dataset, usable.folder)
    return DataCheck(facts.dataset, parts, survey, facts.remarks)


def _refuse_unreadable(root: Path, files: Sequence[str], channels: int) -> None:
    """Refuse files whose headers cannot be read, unless they can be after all.

    Raises:
        ConfigError: naming the first, the reason, and how many there are of which kind.
    """
    from ensemble_switchover.config.image_file import tried_images

    bad = tried_images(root, files, channels if channels in (1, 3) else 3)
    if bad:
        file, first = next(iter(bad.items()))
        kinds = [error.kind for error in bad.values()]
        raise ConfigError(refusal(on_one_line(root / file), first.reason, kinds))
