"""Cascades of runs as a table, and what is not known of some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.cascade.cascade_table import CASCADE_COLUMNS, tabulate_cascades
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import write_record
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record
from tests.measurement.cascade.brute_force import draw_logs

if TYPE_CHECKING:
    from pathlib import Path


def test_one_row_for_each_ensemble_and_rule(tmp_path: Path) -> None:
    records = [make_record(), with_cascades(make_record(design_class="deq", name="deq"), 1.5)]
    found = tabulate_cascades(records, {("demo", "deq"): tmp_path})
    assert dict(found.table.schema) == CASCADE_COLUMNS
    assert found.table["rule"].to_list() == ["confidence", "margin"]
    row = found.table.row(0, named=True)
    assert (row["name"], row["mean_members"], row["threshold"]) == ("deq", 1.5, 0.9)
    assert (row["least_threshold"], row["most_threshold"]) == (0.85, 0.95)
    assert (row["least_mean_members"], row["most_mean_members"]) == (1.5, 1.7)
    assert row["curve_mean_members"] == [1.0, 1.5, 4.0]
    assert (found.notes, found.without, dict(found.unusable)) == ((), (), {})


def test_predictions_beside_a_record_of_before_tell_its_cascades(tmp_path: Path) -> None:
    predictions = Predictions(*draw_logs(4, 100, 10))
    whole = 100.0 * float(
        (np.exp(predictions.log_probabilities).mean(0).argmax(1) != predictions.labels).mean()
    )
    record = make_record(design_class="deq", test_errors=(whole,), name="deq")
    write_record(tmp_path, record, {predictions_file(1): dump_predictions(predictions)})
    found = tabulate_cascades([record], {("demo", "deq"): tmp_path})
    expected = [cascade.mean_members for cascade in make_cascades(predictions)]
    assert found.table["mean_members"].to_list() == expected


def test_what_is_not_known_is_said_and_nothing_where_nothing_is(tmp_path: Path) -> None:
    known = with_cascades(make_record(design_class="deq", name="known"), 1.5)
    without = make_record(design_class="deq", name="without")
    damaged = make_record(design_class="deq", name="damaged")
    write_record(tmp_path / "damaged", damaged, {predictions_file(3): b"no archive"})
    folders = {("demo", name): tmp_path / name for name in ("known", "without", "damaged")}
    found = tabulate_cascades([known, without, damaged], folders)
    kept, unusable = found.notes
    assert kept.startswith("1 ensemble kept no predictions (record.predictions=final keeps them)")
    assert "The predictions of 1 ensemble cannot be used" in unusable
    assert "damaged (no predictions, or damaged ones:" in unusable
    assert tabulate_cascades([without], folders).notes == ()
