"""Choose seeded, stratified subsets of a data set."""

from __future__ import annotations

import numpy as np

from ensemble_switchover.errors import DataError


def stratified_subset(
    labels: np.ndarray, size: int, seed: int, excluded: np.ndarray | None = None
) -> np.ndarray:
    """Choose `size` images with the classes in the same proportions as in `labels`.

    Args:
        labels: (N,) the class of every image.
        size: The number of images to choose.
        seed: The seed of the choice.
        excluded: Indices that must not be chosen.

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
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(candidates)
    _, counts = np.unique(labels[candidates], return_counts=True)
    shares = _proportional(counts, size)
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
