"""The one rule of how images are split: every class keeps an image in each part.

A class of a set needs as many images as there are parts to draw from its images, and a part needs
as many images as there are classes. Then such a choice exists, and `used_indices` makes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_spec import split_sizes, training_images
from ensemble_switchover.config.folder_layout import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.dataset_config import DatasetConfig, FolderConfig


def size_problems(dataset: DatasetConfig) -> list[str]:
    """Return which sizes of parts are too small for the classes, or too large for the set."""
    problems = []
    used = split_sizes(dataset)
    least = dataset.num_classes
    train = used.train + used.validation
    for key, size, available in (
        ("train_size", train, training_images(dataset)),
        ("test_size", used.test, dataset.test_images),
    ):
        untouched = key == "test_size" and used.evaluated_on == "validation"
        if untouched or least <= size <= available:
            continue
        expected = f"{least} (an image a class) to {available}, the images that {dataset.name} has"
        if available < least:
            expected = f"an image of each of {least} classes, and {dataset.name} has {available}"
        problems.append(f"dataset.{key}={size}: expected {expected}")
    if dataset.pooled and not problems and train + used.test > dataset.train_images:
        problems.append(
            f"dataset.train_size={train} dataset.test_size={used.test}: expected at most "
            f"{dataset.train_images} together, the images that {dataset.name} has"
        )
    held_out = dataset.validation_size
    if held_out is None:
        if dataset.evaluate_on == "validation":
            problems.append("dataset.evaluate_on=validation: expected dataset.validation_size=...")
    elif not problems and train < 2 * least:
        problems.append(
            f"dataset.validation_size={held_out}: {train} training images of {least} classes are "
            f"too few to hold any out; expected {2 * least} or more, an image a class to train on "
            f"and one to validate on"
        )
    elif not problems and not least <= held_out <= train - least:
        problems.append(
            f"dataset.validation_size={held_out}: expected {least} (an image a class) to "
            f"{train - least}, so that as many are left of the {train} training images"
        )
    return problems


def rare_class_problems(
    dataset: FolderConfig,
    key: str,
    class_names: Sequence[str],
    train_counts: Sequence[int],
    test_counts: Sequence[int] | None,
) -> list[str]:
    """Return which classes of a folder have fewer images than there are parts that need one.

    Args:
        dataset: The configuration of the folder.
        key: How the user gave the folder.
        class_names: The names of the classes.
        train_counts: The number of images of every class, without those of a folder of test images.
        test_counts: The number of images of every class in that folder; None if there is none.
    """
    parts = ["to train on"]
    if dataset.validation_size:
        parts.append(f"to validate on (dataset.validation_size={dataset.validation_size})")
    checked = [(train_counts, parts, "")]
    if test_counts is None:
        parts.append(f"to test on (dataset.test_share={dataset.test_share})")
    else:
        checked = [(train_counts, parts, " to train on"), (test_counts, ["to test on"], "")]
    problems = []
    for counts, needed, where in checked:
        rare = [
            f"{name} ({number})"
            for name, number in zip(class_names, counts, strict=True)
            if number < len(needed)
        ]
        if rare:
            which = f"class {rare[0]}" if len(rare) == 1 else f"the classes {named(rare)}"
            other = ", or leave out dataset.validation_size" if len(needed) > 2 else ""
            if 0 in counts:
                other += ", or move a folder without any elsewhere if it is no class"
            problems.append(
                f"{key}: too few images of {which}{where}: expected {len(needed)} or more of each, "
                f"{named([f'one {use}' for use in needed])}; add images{other}"
            )
    return problems
