"""The difference in each cell image by image, where all runs of the cell kept predictions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.image_sampling import compare_crossed
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.epoch_metrics import errors_by_epoch
from ensemble_switchover.results.image_errors import ImageErrors, read_image_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.image_sampling import CrossedDifference
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.results.record import Record


class ImageErrorReader:
    """Reads on which images runs err, each run once, however many comparisons it is part of."""

    def __init__(self, folders: Mapping[RunKey, Path]) -> None:
        """Take the folder of every run by its study and name."""
        self._folders = folders
        self._read: dict[tuple[RunKey, int], tuple[NDArray[np.uint8], NDArray[np.int32]] | str] = {}
        self._labels: list[NDArray[np.int32]] = []

    def read(self, record: Record, epoch: int) -> ImageErrors | str:
        """Return on which images a run errs after an epoch counted from 1, or why none are known.

        The reason is empty where the run kept no predictions of that epoch.
        """
        key = _key(record), epoch
        if key not in self._read:
            self._read[key] = self._look_up(record, epoch)
        found = self._read[key]
        if isinstance(found, str):
            return found
        errors, labels = found
        return ImageErrors(np.unpackbits(errors, count=len(labels)).astype(bool), labels)

    def _look_up(
        self, record: Record, epoch: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.int32]] | str:
        """Read a run's errors, eight images to a byte, and its labels, which most runs share."""
        folder = self._folders[_key(record)]
        error = errors_by_epoch(record.epochs)[epoch]
        try:
            found = read_image_errors(folder, epoch, error)
        except RecordError as problem:
            return str(problem).removeprefix(f"{folder}/")
        if found is None:
            return ""
        same = (known for known in self._labels if np.array_equal(known, found.labels))
        labels = next(same, None)
        if labels is None:
            labels = found.labels
            self._labels.append(labels)
        return np.packbits(found.errors), labels


@dataclass(frozen=True, slots=True)
class ImageGrid:
    """The cells of one ensemble class after the last epoch, compared image by image."""

    differences: Mapping[int, CrossedDifference] = field(repr=False)
    """Index of the budget -> ensemble minus single; only where every run kept its predictions."""
    without: tuple[str, ...]
    """Names of the compared runs that kept none."""
    unusable: Mapping[str, str]
    """Name of a run -> why its predictions cannot be used."""


def compare_images(
    grid: ErrorGrid,
    records: Sequence[Record],
    ensemble_class: DesignClassName,
    reader: ImageErrorReader,
) -> ImageGrid:
    """Compare an ensemble class with the single networks image by image after the last epoch.

    Cells with fewer than `MIN_SEEDS` seeds of either are left out: nothing is read of them.

    Args:
        grid: The errors of the comparison.
        records: Its runs, without those whose errors are left out.
        ensemble_class: `deq` or `weq`.
        reader: Reads on which images they err.
    """
    last = len(grid.epochs) - 1
    differences: dict[int, CrossedDifference] = {}
    without: list[str] = []
    unusable: dict[str, str] = {}
    for column, budget in enumerate(grid.budgets):
        seeds = {name: grid.errors(name, column, last) for name in (ensemble_class, "single")}
        if min(map(len, seeds.values())) < MIN_SEEDS:
            continue
        cell = [
            record
            for record in records
            if record.budget == budget and record.seed in seeds.get(record.design.design_class, ())
        ]
        known, reasons = read_runs(cell, reader, grid.epochs[-1])
        without += [name for name, reason in reasons.items() if not reason]
        unusable |= {name: reason for name, reason in reasons.items() if reason}
        if not reasons:
            ensemble, single = (
                stack_seeds(
                    [record for record in cell if record.design.design_class == name], known
                )
                for name in seeds
            )
            difference = compare_crossed(ensemble, single)
            if difference is not None:
                differences[column] = difference
    return ImageGrid(differences, tuple(without), unusable)


def read_runs(
    records: Sequence[Record], reader: ImageErrorReader, epoch: int
) -> tuple[dict[RunKey, ImageErrors], dict[str, str]]:
    """Read on which images runs err: those that can be compared, and why others cannot, by name.

    A reason is empty where the run kept no predictions.

    Args:
        records: Runs that are to be compared, so on the same images.
        reader: Reads them.
        epoch: Counted from 1.
    """
    known: dict[RunKey, ImageErrors] = {}
    reasons: dict[str, str] = {}
    first: Record | None = None
    for record in records:
        found = reader.read(record, epoch)
        if isinstance(found, str):
            reasons[record.name] = found
            continue
        first = first or record
        if not np.array_equal(found.labels, known.setdefault(_key(first), found).labels):
            reasons[record.name] = f"predictions of other images than those of {first.name}"
        known[_key(record)] = found
    return known, reasons


def stack_seeds(
    records: Sequence[Record], known: Mapping[RunKey, ImageErrors]
) -> NDArray[np.float64]:
    """Stack the errors of runs, `(seeds, N)`; several runs of a seed are one row, their mean."""
    rows: defaultdict[int, list[NDArray[np.bool_]]] = defaultdict(list)
    for record in records:
        rows[record.seed].append(known[_key(record)].errors)
    return np.stack([np.mean(same_seed, axis=0) for same_seed in rows.values()])


def _key(record: Record) -> RunKey:
    return record.study, record.name
