"""Smaller studies of the same question, the least reduced first, for where there is little time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ensemble_switchover.config.dataset_config import FolderConfig
from ensemble_switchover.config.published_images import whole_side_of
from ensemble_switchover.sweep.hours_decision import LEAST_EPOCHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ensemble_switchover.config.run_spec import RunSpec

IMAGE_SIDES = (128, 96, 64, 48, 32, 24, 16, 12, 8)
"""Sides in pixels that are tried of a folder's images, which are resized to any."""
LEAST_HALVED_SIDE = 8
"""Side in pixels down to which published images are halved, each pixel the mean of whole ones."""
LEAST_IMAGES_OF_A_CLASS = 50
"""Training images of a class, on average, with fewer of which no study is proposed."""
FEW_EPOCHS = (6, 3)
"""Numbers of epochs that are tried at last; they say little."""


@dataclass(frozen=True, slots=True)
class SmallerStudy:
    """A reduction of a study."""

    overrides: list[str] = field(default_factory=list)
    """Those that change images."""
    epochs: int | None = None
    """None: as the time allows, `LEAST_EPOCHS` at the least."""

    @property
    def words(self) -> list[str]:
        """All overrides, to be pasted behind those of the command."""
        return self.overrides if self.epochs is None else [*self.overrides, f"epochs={self.epochs}"]


def smaller_studies(specs: Sequence[RunSpec], *, fixed_epochs: bool) -> Iterator[SmallerStudy]:
    """Yield reductions of a study: first smaller images, then fewer, then fewer epochs too.

    Args:
        specs: The candidates; their images are those of the first.
        fixed_epochs: Whether the epochs are stated; if they are more than `LEAST_EPOCHS`, that
            many come first.
    """
    spec = specs[0]
    epochs = min(each.recipe.epochs for each in specs)
    fewer = LEAST_EPOCHS if fixed_epochs and epochs > LEAST_EPOCHS else None
    if fewer is not None:
        yield SmallerStudy([], fewer)
    overrides: list[str] = []
    for side in _smaller_sides(spec):
        overrides = [f"dataset.image_size={side}"]
        yield SmallerStudy(overrides, fewer)
    resized = overrides
    number = spec.train_size // 2
    while number >= LEAST_IMAGES_OF_A_CLASS * spec.task.num_classes:
        overrides = [*resized, f"dataset.train_size={number}"]
        yield SmallerStudy(overrides, fewer)
        number //= 2
    for few in FEW_EPOCHS:
        if few < epochs:
            yield SmallerStudy(overrides, few)


def _smaller_sides(spec: RunSpec) -> list[int]:
    """Return the sides to which images can be reduced, the largest first; none of a user's own."""
    if isinstance(spec.dataset, FolderConfig):
        return [side for side in IMAGE_SIDES if side < spec.task.size]
    sides = []
    whole = whole_side_of(spec.dataset) or 0
    while whole % 2 == 0 and whole // 2 >= LEAST_HALVED_SIDE:
        whole //= 2
        sides.append(whole)
    return [side for side in sides if side < spec.task.size]
