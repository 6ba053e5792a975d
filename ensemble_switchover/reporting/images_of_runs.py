"""What the records say of the images that their runs were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.reduced_images import reduced_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class ImagesOfRuns:
    """One data set, as some of the runs used it."""

    images: str
    """How many images of which size, in how many classes."""
    remarks: tuple[str, ...]
    """What was remarked on when the images were read, such as which files were left out."""


def list_images_of_runs(records: Iterable[Record]) -> list[ImagesOfRuns]:
    """List the data sets of runs, each with what was remarked on; remarks stand once for each."""
    remarks: dict[str, dict[str, None]] = {}
    for record in records:
        told = remarks.setdefault(_describe_images(record), {})
        told.update(dict.fromkeys(record.dataset.remarks))
    return [ImagesOfRuns(images, tuple(told)) for images, told in remarks.items()]


def _describe_images(record: Record) -> str:
    data, side = record.dataset, reduced_from(record)
    parts = [f"{data.train_size:,} training images"]
    parts += [f"{data.validation_size:,} validation images"] if data.validation_size else []
    parts += [f"{data.test_size:,} test images"] if data.test_size else []
    colours = {1: "grey", 3: "in colour"}.get(data.channels, f"of {data.channels} channels")
    size = f"{data.image_size} x {data.image_size} pixels"
    size += "" if side is None else f", averaged over areas from {side} x {side}"
    return f"{data.name}: {', '.join(parts)} in {data.num_classes:,} classes, {size}, {colours}"
