"""Cells compared image by image, from predictions in a store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.image_sampling import compare_crossed
from ensemble_switchover.analysis.switchover import image_grid
from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader, compare_images
from ensemble_switchover.results.image_errors import read_image_errors
from ensemble_switchover.results.predictions import (
    dump_predictions,
    load_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import write_record
from tests.analysis.switchover.planted_images import LAST, errors_of_run, predict, write_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.analysis.switchover.image_grid import ImageGrid
    from ensemble_switchover.results.record import Record

WIDTHS = (8, 12)
SEEDS = range(3)


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    return [
        write_run(tmp_path, design_class, width, seed)
        for width in WIDTHS
        for design_class in ("single", "deq")
        for seed in SEEDS
    ]


def compare(
    records: list[Record], folder: Path, reader: ImageErrorReader | None = None
) -> ImageGrid:
    reader = reader or ImageErrorReader({(r.study, r.name): folder / r.name for r in records})
    return compare_images(build_error_grid(records), records, "deq", reader)


def planted(design_class: str, width: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.stack([errors_of_run(design_class, width, seed) for seed in SEEDS])


def test_every_cell_is_compared_with_all_its_runs(records: list[Record], tmp_path: Path) -> None:
    found = compare(records, tmp_path)

    assert (found.without, found.unusable) == ((), {})
    assert found.differences == {
        column: compare_crossed(planted("deq", width), planted("single", width))
        for column, width in enumerate(WIDTHS)
    }


def test_a_cell_needs_the_predictions_of_all_its_runs(
    records: list[Record], tmp_path: Path
) -> None:
    for file in (tmp_path / records[0].name).glob("*.npz"):
        file.unlink()

    found = compare(records, tmp_path)

    assert list(found.differences) == [1]
    assert found.without == (records[0].name,)
    assert compare(records[1:], tmp_path).differences.keys() == {1}  # 2 seeds are too few


def cut(content: bytes) -> bytes:
    return content[:-9]


def of_other_images(content: bytes) -> bytes:
    found = load_predictions(content)
    turned, labels = found.log_probabilities[:, ::-1], found.labels[::-1]
    return dump_predictions(replace(found, log_probabilities=turned, labels=labels))


def of_another_run(content: bytes) -> bytes:
    found = load_predictions(content)
    return predict(np.ones(len(found.labels), dtype=bool), len(found.log_probabilities))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (of_other_images, "predictions of other images than those of"),
        (of_another_run, "err on 200 of 200 images; expected"),
    ],
)
def test_predictions_that_are_not_of_the_cell_are_named(
    change: Callable[[bytes], bytes], reason: str, records: list[Record], tmp_path: Path
) -> None:
    changed = records[-1]
    path = tmp_path / changed.name / predictions_file(LAST)
    content = change(path.read_bytes())
    write_record(tmp_path / "again" / changed.name, changed, {path.name: content})
    folders = {(r.study, r.name): tmp_path / r.name for r in records}
    folders[changed.study, changed.name] = tmp_path / "again" / changed.name

    found = compare(records, tmp_path, ImageErrorReader(folders))

    assert list(found.differences) == [0]
    assert found.without == ()
    assert list(found.unusable) == [changed.name]
    assert reason in found.unusable[changed.name]


def test_a_damaged_file_costs_its_cell_and_is_named(records: list[Record], tmp_path: Path) -> None:
    path = tmp_path / records[-1].name / predictions_file(LAST)
    path.write_bytes(cut(path.read_bytes()))

    found = compare(records, tmp_path)

    assert list(found.differences) == [0]
    assert found.unusable[records[-1].name].startswith(f"{path.name}: damaged or replaced")


def test_runs_of_one_seed_are_one_row(records: list[Record], tmp_path: Path) -> None:
    environment = replace(records[0].environment, execution="fused")
    again = replace(records[0], name="again", environment=environment)
    errors = errors_of_run("single", 8, 0)
    other = errors.copy()
    other[:20] = ~other[:20]
    epoch = replace(again.epochs[-1], error_percent=100.0 * other.mean())
    again = replace(again, epochs=[*again.epochs[:-1], epoch])
    write_record(tmp_path / again.name, again, {predictions_file(LAST): predict(other, 1)})

    found = compare([*records, again], tmp_path)

    singles = planted("single", 8).astype(float)
    singles[0] = (errors.astype(float) + other) / 2.0
    assert found.differences[0] == compare_crossed(planted("deq", 8), singles)


def test_a_run_is_read_once_for_all_comparisons(
    records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def count(folder: Path, epoch: int, error: float) -> object:
        read.append(folder)
        return read_image_errors(folder, epoch, error)

    monkeypatch.setattr(image_grid, "read_image_errors", count)
    reader = ImageErrorReader({(r.study, r.name): tmp_path / r.name for r in records})

    assert compare(records, tmp_path, reader) == compare(records, tmp_path, reader)
    assert len(read) == len(records)
