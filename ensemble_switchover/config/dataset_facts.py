"""The facts about a folder of images that the configuration of a run needs (no torch)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.dataset_config import DatasetConfig, FolderConfig
from ensemble_switchover.config.dataset_folders import dataset_root
from ensemble_switchover.config.duplicates import duplicate_remarks
from ensemble_switchover.config.folder_layout import key_of
from ensemble_switchover.config.folder_parts import folder_parts
from ensemble_switchover.config.image_folder import num_test_images
from ensemble_switchover.config.part_sizes import rare_class_problems, size_problems
from ensemble_switchover.config.reading_once import read_once
from ensemble_switchover.config.usable_images import usable_images
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.file_digests import digest_of_contents

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.usable_images import UsableImages

MAX_TEST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A data set with its facts filled in, and what the user should know of it."""

    dataset: DatasetConfig
    remarks: tuple[str, ...]


def with_facts(dataset: DatasetConfig) -> DatasetConfig:
    """Fill in the facts that are read from a folder of images; other sets stay as they are.

    Raises:
        ConfigError: if the folder is missing or not laid out as expected.
    """
    return dataset_facts(dataset).dataset


def dataset_facts(dataset: DatasetConfig) -> DatasetFacts:
    """Fill in the facts that are read from a folder of images, and find what is odd about it.

    Raises:
        ConfigError: if the folder is missing or not laid out as expected, or if a class has fewer
            images than there are parts to split them into.
    """
    if not isinstance(dataset, FolderConfig):
        return DatasetFacts(dataset, ())
    if dataset.content:
        raise ConfigError(
            f"dataset.content={dataset.content}: is found in the folder; leave the key out"
        )
    if dataset.root is None:
        raise ConfigError("dataset.root: expected the folder of your images; give dataset.root=...")
    if not 0 < dataset.test_share <= MAX_TEST_SHARE:
        raise ConfigError(
            f"dataset.test_share={dataset.test_share}: expected more than 0 and at most "
            f"{MAX_TEST_SHARE}"
        )
    return read_once(("facts", repr(dataset)), lambda: _facts_of_folder(dataset))


def _facts_of_folder(dataset: FolderConfig) -> DatasetFacts:
    root = dataset_root(dataset)
    usable = usable_images(dataset, root)
    counted = _counted(dataset, root, usable)
    for key, number in counted.items():
        given = getattr(dataset, key)
        if given not in (0, number):
            raise ConfigError(f"dataset.{key}={given}: {root} has {number}; leave the key out")
    known = replace(
        dataset,
        **counted,
        test_share=dataset.test_share if usable.folder.test is None else 0.0,
        content=digest_of_contents(usable.digests),
    )
    remarks = [*usable.remarks, *_duplicates(known, usable)]
    return DatasetFacts(known, tuple(remarks))


def _counted(dataset: FolderConfig, root: Path, usable: UsableImages) -> dict[str, Any]:
    """Return the numbers of classes, training and test images.

    Raises:
        ConfigError: if a class has too few images.
    """
    found = usable.folder
    num_classes, num_images = len(found.class_names), len(found.train.files)
    test_counts = None if found.test is None else found.test.counts(num_classes)
    problems = rare_class_problems(
        dataset, key_of(root), found.class_names, found.train.counts(num_classes), test_counts
    )
    if problems:
        raise ConfigError("; ".join([*problems, *usable.remarks]))
    if found.test is None:
        test_images = num_test_images(num_images, num_classes, dataset.test_share)
        train_images = num_images - test_images
    else:
        train_images, test_images = num_images, len(found.test.files)
    return {
        "num_classes": num_classes,
        "train_images": train_images,
        "test_images": test_images,
    }


def _duplicates(dataset: FolderConfig, usable: UsableImages) -> list[str]:
    """Report files that are the same, by the parts that they would be in."""
    found, digests = usable.folder, usable.digests
    if len(set(digests.values())) == len(digests) or size_problems(dataset):
        return []
    parts = folder_parts(dataset, found)
    return duplicate_remarks(
        parts.labels,
        digests,
        frozenset(parts.train),
        frozenset(parts.measured),
        parts.evaluated_on,
    )
