"""What the sampling of the test images changes, in English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Collection

    from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
    from ensemble_switchover.analysis.switchover.image_verdict import ImageVerdict


def describe_with_images(verdict: ImageVerdict, kind: str) -> str:
    """Say what the sampling of the images changes.

    Args:
        verdict: The verdict with the images in.
        kind: `test` or `validation`, the images that errors were measured on.
    """
    number = len(verdict.missing_budgets)
    lack, counts = ("lacks", "counts") if number == 1 else ("lack", "count")
    missing = f"{count(number, 'budget')} {lack} predictions"
    if verdict.differs is None:
        answer = f"not known, since {missing}; what is known of the others leaves it the same"
    else:
        answer = "the same"
        if verdict.differs:
            answer = f"{verdict.range}, in place of {verdict.seeds_range}"
        if verdict.missing_budgets:
            answer += f" ({missing} and {counts} as undecided)"
    wider = f"standard errors up to {100.0 * (verdict.widening - 1.0):.0f} % larger"
    return f"With the sampling of the {verdict.num_images:,} {kind} images in ({wider}): {answer}."


def note_images(grids: Collection[ImageGrid], kind: str) -> tuple[str, ...]:
    """Say which runs' predictions are missing or cannot be used, and what that leaves unknown.

    Args:
        grids: The cells of every ensemble class, compared image by image.
        kind: `test` or `validation`, the images that errors were measured on.
    """
    notes = []
    without = list(dict.fromkeys(name for grid in grids for name in grid.without))
    unusable = {name: why for grid in grids for name, why in grid.unusable.items()}
    if without:
        where, named = "is not known", ""
        if any(grid.differences for grid in grids):
            where, named = "at their budgets is not known", f": {name_first_few(without)}"
        notes.append(
            f"What the sampling of the {kind} images adds {where}, since "
            f"{count(len(without), 'run')} kept no predictions (record.predictions=final keeps "
            f"them){named}."
        )
    if unusable:
        told = name_first_few([f"{name} ({why})" for name, why in unusable.items()])
        notes.append(
            f"The predictions of {count(len(unusable), 'run')} cannot be compared image by image, "
            f"so their budgets have no interval over images: {told}."
        )
    return tuple(notes)
