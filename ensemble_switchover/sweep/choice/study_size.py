"""How large a study of the user's own images is: pixels, images, epochs, budgets (no torch)."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.sweep.hours_decision import LEAST_EPOCHS
from ensemble_switchover.sweep.next_runs import FIRST_BUDGETS
from ensemble_switchover.sweep.smaller_study import IMAGE_SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIDES = tuple(side for side in IMAGE_SIDES if 12 <= side <= 64)
"""Sides in pixels to which images are reduced, descending."""
EPOCH_FACTOR = 0.75
LEAST_IMAGES = 1000
"""Training images that are left at least where there are too many for the time."""
LEAST_IMAGES_OF_CLASS = 20
"""Of each class on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySize:
    """What a study of the user's own images trains."""

    image_side: int
    """Side of the images in pixels, to which they are resized."""
    train_images: int
    """Training images, all or a stratified part of them."""
    epochs: int
    budgets: tuple[int, ...]
    """Parameters of each budget, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRange:
    """The sizes that a study may have; one value where the user states it."""

    image_sides: tuple[int, ...]
    """Descending."""
    num_classes: int
    train_images: int
    """All training images that there are."""
    keeps_all_images: bool
    """Whether the user states how many are used."""
    epochs: int
    """The most epochs: those of the recipe."""
    keeps_epochs: bool
    """Whether the user states them."""
    budgets: tuple[int, ...]
    """Parameters of the budgets, ascending."""
    keeps_budgets: bool
    """Whether the user states them."""


def image_sides(native: int, stated: int | None) -> tuple[int, ...]:
    """Return the sides to which images may be reduced, descending; they are never enlarged.

    Args:
        native: Median of the images' shorter sides, in pixels.
        stated: The side that the user states, if any.

    >>> image_sides(28, None), image_sides(4000, None)[:3], image_sides(5, None)
    ((28, 24, 16, 12), (64, 48, 32), (5,))
    """
    if stated is not None:
        return (stated,)
    first = min(native, SIDES[0])
    return (first, *(side for side in SIDES if side < first))


def study_sizes(within: SizeRange) -> list[StudySize]:
    """List the sizes that a study may have, from the largest to the smallest.

    From one to the next, one of pixels, epochs and budgets goes down by a step: the one of which
    most is left, on a logarithmic scale between its most and its least. So all three shrink
    alike. Where all are at their least, the training images are halved.
    """
    size = StudySize(
        image_side=within.image_sides[0],
        train_images=within.train_images,
        epochs=within.epochs,
        budgets=within.budgets,
    )
    sizes = [size]
    while (smaller := _smaller(size, within)) is not None:
        size = smaller
        sizes.append(size)
    return sizes


def _smaller(size: StudySize, within: SizeRange) -> StudySize | None:
    candidates: list[tuple[float, StudySize]] = []
    if len(size.budgets) > FIRST_BUDGETS and not within.keeps_budgets:
        left = _share_left(size.budgets[-1], within.budgets[FIRST_BUDGETS - 1], within.budgets[-1])
        candidates.append((left, replace(size, budgets=size.budgets[:-1])))
    least_epochs = min(LEAST_EPOCHS, within.epochs)
    if size.epochs > least_epochs and not within.keeps_epochs:
        left = _share_left(size.epochs, least_epochs, within.epochs)
        fewer = max(least_epochs, int(EPOCH_FACTOR * size.epochs))
        candidates.append((left, replace(size, epochs=fewer)))
    sides = within.image_sides
    if size.image_side > sides[-1]:
        left = _share_left(size.image_side, sides[-1], sides[0])
        smaller = sides[sides.index(size.image_side) + 1]
        candidates.append((left, replace(size, image_side=smaller)))
    if candidates:
        return max(candidates, key=lambda candidate: candidate[0])[1]
    least_images = max(LEAST_IMAGES, LEAST_IMAGES_OF_CLASS * within.num_classes)
    if size.train_images > least_images and not within.keeps_all_images:
        return replace(size, train_images=max(least_images, size.train_images // 2))
    return None


def _share_left(value: float, least: float, most: float) -> float:
    """Return where a value lies between the least, 0, and the most, 1, by logarithms."""
    return math.log(value / least) / math.log(most / least)


def largest_that_fits(
    sizes: Sequence[StudySize], seconds_of: Callable[[StudySize], float], allowed: float
) -> StudySize | None:
    """Return the largest size that takes at most the allowed seconds; None if none does.

    Seconds are asked for a few of them, as they go down from one to the next.
    """
    if seconds_of(sizes[-1]) > allowed:
        return None
    first = bisect_left(sizes, True, key=lambda size: seconds_of(size) <= allowed)
    return sizes[min(first, len(sizes) - 1)]
