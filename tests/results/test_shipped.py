"""The study that the package brings along."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_records

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demos_records_are_whole(tmp_path: Path) -> None:
    folder = unpack_study("demo", tmp_path / "results")

    found = read_records(folder)

    assert folder == tmp_path / "results" / "demo"
    assert found.unreadable == []
    designs = {(r.design.design_class, r.budget.width, r.seed) for r in found.records}
    assert designs == {
        (name, width, seed)
        for name in ("single", "deq", "weq")
        for width in (3, 4, 6, 8, 12, 16)
        for seed in range(4)
    }
    assert len(found.records) == len(designs)


def test_the_archive_is_small_and_tells_no_ones_folders(tmp_path: Path) -> None:
    path = files("ensemble_switchover.results") / "demo.zip"

    assert len(path.read_bytes()) < 1_000_000
    for record in read_records(unpack_study("demo", tmp_path)).records:
        assert record.config["results"] == "results"
        assert record.config["dataset"]["root"] is None
