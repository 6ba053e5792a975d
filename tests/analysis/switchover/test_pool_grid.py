"""Cells judged by pools of members, planted and read back from a store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.pool import pool_difference
from ensemble_switchover.analysis.switchover.pool_grid import pool_reader
from ensemble_switchover.analysis.switchover.verdict import Verdict
from ensemble_switchover.errors import RecordError
from ensemble_switchover.report import main
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import read_folders, read_records, write_record
from tests.factories import make_record
from tests.reporting.undrawn import ENCODE, draw_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record

LABELS = np.arange(400, dtype=np.int32) % 2
SEEDS = range(3)
LAST = 3


def predictions_of(record: Record) -> Predictions:
    """Members that are right with a probability that their class sets, each by its own luck."""
    chance = {"single": 0.6, "deq": 0.75, "weq": 0.55}[record.design.design_class]
    number = sum(map(ord, record.design.design_class))
    generator = np.random.default_rng([record.seed, record.budget.width, number])
    right = generator.random((record.design.k, len(LABELS))) < chance
    sure = np.where(right, 0.9, 0.1)
    first = np.where(LABELS == 0, sure, 1.0 - sure)
    return Predictions(np.stack([first, 1.0 - first], axis=2).astype(np.float16), LABELS)


def folders_of(root: Path) -> dict[tuple[str, str], Path]:
    records, unreadable = read_folders(find_runs(root).recorded)
    assert not unreadable
    return {(record.study, record.name): folder for folder, record in records.items()}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Every record has the same test errors; only the predictions tell the classes apart."""
    for width in (8, 12):
        for design_class in ("single", "deq", "weq"):
            for seed in SEEDS:
                record = make_record(
                    design_class=design_class,  # type: ignore[arg-type]
                    width=width,
                    seed=seed,
                    test_errors=[40.0, 30.0, 20.0 + seed],
                )
                content = dump_predictions(predictions_of(record))
                files = {predictions_file(LAST): content}
                write_record(tmp_path / "pools" / record.name, record, files)
    return tmp_path / "pools"


def test_pools_judge_the_cells_whose_predictions_were_kept(study: Path) -> None:
    (comparison,) = group_comparisons(read_records(study).records)

    finding = derive_finding(comparison, pool_reader(comparison, folders_of(study)))

    for name, verdict in (("deq", Verdict.ENSEMBLE), ("weq", Verdict.UNDECIDED)):
        threshold = finding.thresholds[name]  # type: ignore[index]
        assert threshold.num_pool_cells == 2
        for column, cells in enumerate(threshold.cells):
            assert [cell.verdict for cell in cells[:-1]] == [Verdict.UNDECIDED] * 2
            records = [r for r in comparison.records if r.budget.width == (8, 12)[column]]
            pools = {
                design_class: np.concatenate(
                    [
                        predictions_of(record).probabilities
                        for record in sorted(records, key=lambda record: record.name)
                        if record.design.design_class == design_class
                    ]
                )
                for design_class in (name, "single")
            }
            expected = pool_difference(pools[name], pools["single"], LABELS, 4)
            assert cells[-1].interval == expected
            assert cells[-1].mean_difference == expected.mean  # type: ignore[union-attr]
        assert threshold.cells[-1][-1].verdict is verdict
    assert (
        "95 % intervals over pools of members in 2 of 6 cells, over seeds; 3 seeds"
        in finding.sentences[0]
    )
    assert finding.notes[0].startswith("Pools of members decide 2 of the 6 cells of deq")


def test_seeds_judge_unless_pools_are_asked_for(study: Path) -> None:
    (comparison,) = group_comparisons(read_records(study).records)

    finding = derive_finding(comparison)

    assert finding.thresholds["deq"].cells[-1][-1].verdict is Verdict.UNDECIDED
    assert finding.thresholds["deq"].num_pool_cells == 0


def test_other_executions_of_a_seed_are_the_same_members(study: Path) -> None:
    records = read_records(study).records
    one = next(record for record in records if record.design.design_class == "deq")
    environment = replace(one.environment, execution="fused", execution_requested="fused")
    again = replace(one, name=f"{one.name}-again", environment=environment)
    files = {predictions_file(LAST): dump_predictions(predictions_of(one))}
    write_record(study / again.name, again, files)
    (comparison,) = group_comparisons(read_records(study).records)

    pool = pool_reader(comparison, folders_of(study))("deq", 0, LAST)

    assert pool is not None
    assert len(pool.probabilities) == 4 * len(SEEDS)


def test_of_the_runs_of_a_seed_one_that_kept_predictions_is_taken(study: Path) -> None:
    """The first of them by name kept none, and the study's folder was given another name."""
    records = read_records(study).records
    for one in records:
        if one.design.design_class == "deq":
            again = replace(one, name=f"a-{one.name}")
            write_record(study / again.name, again)
    moved = study.rename(study.with_name("moved"))
    (comparison,) = group_comparisons(read_records(moved).records)

    pool = pool_reader(comparison, folders_of(moved))("deq", 0, LAST)

    assert pool is not None
    assert len(pool.probabilities) == 4 * len(SEEDS)


def test_predictions_of_other_images_are_refused(study: Path) -> None:
    record = make_record(width=8, seed=7, test_errors=[40.0, 30.0, 20.0])
    predictions = predictions_of(record)
    other = Predictions(predictions.probabilities, 1 - LABELS)
    write_record(study / record.name, record, {predictions_file(LAST): dump_predictions(other)})
    (comparison,) = group_comparisons(read_records(study).records)

    with pytest.raises(RecordError, match="of other images than those of"):
        derive_finding(comparison, pool_reader(comparison, folders_of(study)))


def test_the_command_takes_the_word(  # type: ignore[no-untyped-def]
    study: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(ENCODE, draw_nothing)
    out = tmp_path / "out"

    assert main([str(study), "--out", str(out), "--interval", "pool"]) == 0

    assert "intervals over pools of members" in capsys.readouterr().out
    assert "intervals over pools of members" in (out / "index.html").read_text()


def test_a_study_without_predictions_is_told_what_is_missing(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    for design_class in ("single", "deq"):
        record = make_record(design_class=design_class)  # type: ignore[arg-type]
        write_record(tmp_path / "bare" / record.name, record)

    assert main([str(tmp_path / "bare"), "--interval", "pool"]) == 2

    assert "record.predictions" in capsys.readouterr().err
