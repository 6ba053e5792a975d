"""Choose seeded, stratified subsets of a data set, and by them the images of every use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.errors import DataError

if TYPE_CHECKING:
    from ensemble_switchover.config.dataset_config import FolderConfig
    from ensemble_switchover.config.dataset_spec import SplitSizes


@dataclass(frozen=True, slots=True)
class UsedIndices:
    """The images of a run, as sorted indices."""

    train: np.ndarray
    """Of the training images: those that are trained on."""
    validation: np.ndarray
    """Of the training images: those that are held out."""
    test: np.ndarray
    """Of the test images, or of the training images where the set is pooled."""


def used_indices(
    train_labels: np.ndarray, test_labels: np.ndarray, sizes: SplitSizes, seed: int, *, pooled: bool
) -> UsedIndices:
    """Choose the images that are trained on, held out, and tested on.

    Every class keeps an image in each of them, if it has so many.

    Args:
        train_labels: (N,) the class of every training image, or of the whole pool.
        test_labels: (N,) the class of every test image; unused where the set is pooled.
        sizes: The number of images of each use.
        seed: The seed of the choice.
        pooled: Whether training and test images are drawn from one pool.

    Raises:
        DataError: if there are fewer images than are to be chosen.
    """
    num_parts = 2 if sizes.validation else 1
    leave = 1 if pooled and sizes.test else 0
    chosen = stratified_subset(
        train_labels, sizes.train + sizes.validation, seed, least=num_parts, leave=leave
    )
    held_out = chosen[:0]
    if sizes.validation:
        held_out = chosen[stratified_subset(train_labels[chosen], sizes.validation, seed, leave=1)]
    if pooled:
        test = stratified_subset(train_labels, sizes.test, seed, chosen)
    else:
        test = stratified_subset(test_labels, sizes.test, seed)
    return UsedIndices(np.setdiff1d(chosen, held_out, assume_unique=True), held_out, test)


def test_positions(labels: np.ndarray, dataset: FolderConfig) -> np.ndarray:
    """Choose the test images of a folder that has no folder of them.

    Args:
        labels: (N,) the class of every image of the folder.
        dataset: The configuration of the folder, with its facts.

    Returns:
        The sorted indices of as many images as the set has test images.
    """
    leave = 2 if dataset.validation_size else 1
    return stratified_subset(labels, dataset.test_images, dataset.split_seed, leave=leave)


def stratified_subset(
    labels: np.ndarray,
    size: int,
    seed: int,
    excluded: np.ndarray | None = None,
    *,
    least: int = 1,
    leave: int = 0,
) -> np.ndarray:
    """Choose `size` images with the classes in the same proportions as in `labels`.

    Args:
        labels: (N,) the class of every image.
        size: The number of images to choose.
        seed: The seed of the choice.
        excluded: Indices that must not be chosen.
        least: The number of images that are chosen of every class, where that is possible.
        leave: The number of images that are left of every class, where that is possible.

    Returns:
        (size,) the indices of the chosen images, sorted.

    Raises:
        DataError: if there are fewer than `size` images to choose from.
    """
    available = np.ones(len(labels), dtype=bool)
    if excluded is not None:
        available[excluded] = False
    candidates = np.flatnonzero(available)
    if size > len(candidates):
        raise DataError(
            f"a subset of {size:,} images: there are only {len(candidates):,} to choose from"
        )
    if size == len(candidates):
        return candidates
    if size == 0:
        return candidates[:0]
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(candidates)
    _, counts = np.unique(labels[candidates], return_counts=True)
    shares = _within(_proportional(counts, size), counts, size, least, leave)
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    starts = np.cumsum(counts) - counts
    chosen = [by_class[start : start + share] for start, share in zip(starts, shares, strict=True)]
    return np.sort(np.concatenate(chosen))


def _proportional(counts: np.ndarray, size: int) -> np.ndarray:
    """Split `size` in proportion to `counts` by the largest remainder, with at least 1 each."""
    exact = counts * size / counts.sum()
    shares: np.ndarray = np.clip(np.floor(exact).astype(int), 1, None)
    by_remainder = np.argsort(shares - exact, kind="stable")
    for index in by_remainder:
        if shares.sum() >= size:
            break
        shares[index] += 1
    while shares.sum() > size:
        shares[np.argmax(shares)] -= 1
    return shares


def _within(
    shares: np.ndarray, counts: np.ndarray, size: int, least: int, leave: int
) -> np.ndarray:
    """Move shares between classes until each has `least` and leaves `leave`, if that is possible.

    Shares that are within these bounds stay as they are.
    """
    most = counts - leave
    is_possible = (most >= least).all() and least * len(counts) <= size <= most.sum()
    if not is_possible:
        return shares
    moved: np.ndarray = np.clip(shares, least, most)
    exact = counts * size / counts.sum()
    while moved.sum() < size:
        moved[np.argmax(np.where(moved < most, exact - moved, -np.inf))] += 1
    while moved.sum() > size:
        moved[np.argmax(np.where(moved > least, moved - exact, -np.inf))] -= 1
    return moved
