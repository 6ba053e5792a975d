"""Which files of a folder of images a run trains on, holds out and tests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_spec import split_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.config.dataset_config import FolderConfig
    from ensemble_switchover.config.image_folder import ImageFolder


@dataclass(frozen=True, slots=True)
class FolderParts:
    """The files of a folder by their use, and the class of each."""

    class_names: tuple[str, ...]
    labels: dict[str, int]
    """The position of the class of every file of the folder, used or not, in `class_names`."""
    train: tuple[str, ...]
    """Files that are trained on."""
    validation: tuple[str, ...]
    """Files that are held out for validation."""
    test: tuple[str, ...]
    """Files that are tested on; none where validation images take their place."""
    evaluated_on: str
    """What the networks are measured on: `test` or `validation`."""

    @property
    def measured(self) -> tuple[str, ...]:
        """The files on which errors are measured."""
        return self.test if self.evaluated_on == "test" else self.validation

    def counts(self, files: Iterable[str]) -> dict[str, int]:
        """Return how many of some files are of each class, by the name of the class."""
        counts = Counter(self.labels[file] for file in files)
        return {name: counts[label] for label, name in enumerate(self.class_names)}


def folder_parts(dataset: FolderConfig, folder: ImageFolder) -> FolderParts:
    """Split the files of a folder as a run splits its images.

    Args:
        dataset: The configuration of the folder, with its facts, and sizes that it allows.
        folder: The files that can be used.
    """
    import numpy as np

    from ensemble_switchover.config.split import test_positions, used_indices

    files, labels = np.array(folder.train.files, object), np.array(folder.train.labels)
    if folder.test is None:
        test = test_positions(labels, dataset)
        is_test = np.isin(np.arange(len(files)), test)
        test_files, test_labels = files[is_test], labels[is_test]
        files, labels = files[~is_test], labels[~is_test]
    else:
        test_files, test_labels = np.array(folder.test.files, object), np.array(folder.test.labels)
    sizes = split_sizes(dataset)
    used = used_indices(labels, test_labels, sizes, dataset.split_seed, pooled=False)
    on_test = sizes.evaluated_on == "test"
    return FolderParts(
        folder.class_names,
        dict(zip([*files, *test_files], [*labels.tolist(), *test_labels.tolist()], strict=True)),
        tuple(files[used.train]),
        tuple(files[used.validation]),
        tuple(test_files[used.test]) if on_test else (),
        sizes.evaluated_on,
    )
