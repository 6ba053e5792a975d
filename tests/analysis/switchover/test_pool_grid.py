"""Cells judged by pools of members, planted and read back from a store."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.pool import pool_difference
from ensemble_switchover.analysis.switchover.pool_grid import PoolReader
from ensemble_switchover.analysis.switchover.verdict import Verdict
from ensemble_switchover.report import main
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    load_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import (
    read_folders,
    read_record,
    read_records,
    write_record,
)
from tests.factories import make_record
from tests.reporting.undrawn import ENCODE, draw_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.results.record import Record

LABELS = np.arange(400, dtype=np.int32) % 2
SEEDS = range(3)
LAST = 3


def predictions_of(record: Record) -> Predictions:
    """Members that are right with a probability that their class sets, each by its own luck."""
    chance = {"single": 0.6, "deq": 0.75, "weq": 0.58}[record.design.design_class]
    number = sum(map(ord, record.design.design_class))
    generator = np.random.default_rng([record.seed, record.budget.width, number])
    right = generator.random((record.design.k, len(LABELS))) < chance
    sure = np.where(right, 0.9, 0.1)
    first = np.where(LABELS == 0, sure, 1.0 - sure)
    return Predictions.of_probabilities(np.stack([first, 1.0 - first], axis=2), LABELS)


def folders_of(root: Path) -> dict[tuple[str, str], Path]:
    records, unreadable = read_folders(find_runs(root).recorded)
    assert not unreadable
    return {(record.study, record.name): folder for folder, record in records.items()}


def reader_of(study: Path) -> Callable[[Comparison, frozenset[RunKey]], PoolReader]:
    """Return what makes the reader of a comparison's pools."""
    folders = folders_of(study)
    return lambda comparison, left_out: PoolReader(comparison, folders, left_out)


def write_study(root: Path, seeds: Collection[int], collapsed: str = "") -> Path:
    """Every record has the same test errors; only the predictions tell the classes apart.

    The single network of that name has collapsed: it errs on all images.
    """
    for width in (8, 12):
        for design_class in ("single", "deq", "weq"):
            for seed in seeds:
                record = make_record(
                    design_class=design_class,  # type: ignore[arg-type]
                    width=width,
                    seed=seed,
                    test_errors=[40.0, 30.0, 20.0 + seed],
                    dataset={"num_classes": 2},
                )
                members = predictions_of(record)
                if record.name == collapsed:
                    record = replace(
                        record, epochs=[replace(e, error_percent=100.0) for e in record.epochs]
                    )
                    right = np.eye(2)[LABELS]
                    members = Predictions.of_probabilities(1 - right[None], LABELS)
                files = {predictions_file(LAST): dump_predictions(members)}
                write_record(root / record.name, record, files)
    return root


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "pools", SEEDS)


def test_pools_judge_the_cells_whose_predictions_were_kept(study: Path) -> None:
    (comparison,) = group_comparisons(read_records(study).records)

    finding = derive_finding(comparison, make_reader=reader_of(study))

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
        "90 % intervals over pools of members in 2 of 6 cells, over seeds in others; 3 seeds"
        in finding.sentences[0]
    )
    assert finding.notes[0].startswith("Pools of members decide 2 of the 6 cells of deq")


def test_pools_give_the_answer_with_collapsed_runs_in_too(tmp_path: Path) -> None:
    study = write_study(tmp_path / "pools", range(5), "resnet-digits-26x12-single-k1-s4")
    (comparison,) = group_comparisons(read_records(study).records)

    finding = derive_finding(comparison, DecisionRule(confidence=0.99), reader_of(study))

    assert finding.collapsed == ("resnet-digits-26x12-single-k1-s4",)
    threshold, other = finding.thresholds["deq"], finding.otherwise["deq"]
    assert threshold.num_pool_cells == other.num_pool_cells == 2
    without, with_it = threshold.last_cell.interval, other.last_cell.interval
    assert without is not None
    assert with_it is not None
    assert (without.num_samples, with_it.num_samples) == (4, 5)
    assert with_it.mean < without.mean - 5.0
    assert with_it.upper - with_it.lower > 2.0 * (without.upper - without.lower)
    variants = {v.name: v.budget for v in finding.variants["deq"] if not v.margin}
    assert variants["Welch, 99 %"] is not None
    assert variants["Welch, 99 %, with collapsed runs"] is None


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

    pool = PoolReader(comparison, folders_of(study)).read("deq", 0, LAST)

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

    pool = PoolReader(comparison, folders_of(moved)).read("deq", 0, LAST)

    assert pool is not None
    assert len(pool.probabilities) == 4 * len(SEEDS)


def removed(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)


def turned_into_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_other_images(path: Path) -> None:
    rewrite(path, lambda found: Predictions(found.log_probabilities, 1 - LABELS))


def of_fewer_members(path: Path) -> None:
    rewrite(path, lambda found: Predictions(found.log_probabilities[:2], LABELS))


def of_more_classes(path: Path) -> None:
    rewrite(path, lambda found: Predictions(np.repeat(found.log_probabilities, 2, axis=2), LABELS))


def not_finite(path: Path) -> None:
    rewrite(path, lambda found: Predictions(found.log_probabilities * np.float32("nan"), LABELS))


def rewrite(path: Path, change: Callable[[Predictions], Predictions]) -> None:
    """Change predictions as another program would have written them, with their checksum."""
    record = read_record(path.with_name(RECORD_FILE))
    content = dump_predictions(change(load_predictions(path.read_bytes())))
    shutil.rmtree(path.parent)
    write_record(path.parent, record, {path.name: content})


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (removed, "No such file or directory"),
        (cut, "damaged or replaced"),
        (changed, "damaged or replaced"),
        (turned_into_a_folder, "Is a directory"),
        (of_other_images, "predictions of other images than those of"),
        (of_fewer_members, "predictions of 2 members on 400 images of 2 classes; expected 4"),
        (of_more_classes, "of 4 classes; expected"),
        (not_finite, "expected logarithms of finite probabilities"),
    ],
)
def test_the_report_is_without_the_pool_of_one_run_and_says_so_once(
    damage: Callable[[Path], None],
    reason: str,
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ENCODE, draw_nothing)
    name = make_record(design_class="deq", width=8, seed=2, dataset={"num_classes": 2}).name
    damage(study / name / predictions_file(LAST))

    assert main([str(study), "--out", str(tmp_path / "out"), "--interval", "pool"]) == 0

    told = " ".join(capsys.readouterr().out.split())
    note = f"No pool has the members of 1 file of predictions: {name}/{predictions_file(LAST)}"
    assert told.count(note) == 1
    assert reason in told
    (comparison,) = group_comparisons(read_records(study).records)
    finding = derive_finding(comparison, make_reader=reader_of(study))
    assert finding.runs.height == 18
    assert finding.thresholds["deq"].num_pool_cells == 2


def test_without_any_readable_predictions_the_first_few_are_named(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in study.glob("*/*.npz"):
        path.unlink()

    assert main([str(study), "--interval", "pool"]) == 2

    assert "; left out: resnet-digits-26x8-deq-k4-s0/predictions" in capsys.readouterr().err


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
