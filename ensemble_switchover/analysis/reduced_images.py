"""Whether a run's images were reduced, and what they are called then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.published_images import name_of_images, whole_side
from ensemble_switchover.config.targets import TARGET

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def reduced_from(record: Record) -> int | None:
    """Return the side in pixels from which a run's images were averaged; None if they were not."""
    side = _whole_side(record)
    return side if side is not None and record.dataset.image_size < side else None


def name_images_of(record: Record) -> str:
    """Name a run's data set, with the size of its images where they were reduced."""
    data = record.dataset
    return name_of_images(data.name, data.image_size, _whole_side(record))


def _whole_side(record: Record) -> int | None:
    if TARGET in record.dataset.options:  # a user's own, whatever it is called
        return None
    stated = record.config.get("dataset")
    base = stated.get("base") if isinstance(stated, dict) else None
    return whole_side(record.dataset.name, base if isinstance(base, str) else None)
