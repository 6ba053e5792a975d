"""The cascades of a run: of its record or its predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.results.image_errors import errors_of
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import write_record
from tests.factories import make_record
from tests.measurement.cascade.brute_force import draw_logs

if TYPE_CHECKING:
    from pathlib import Path


def _predictions(k: int = 4, num_images: int = 400, seed: int = 0, **options) -> Predictions:
    return Predictions(*draw_logs(k, num_images, 10, seed, **options))


def test_cascades_of_a_record_of_before_come_from_its_predictions(tmp_path: Path) -> None:
    predictions = _predictions(num_images=1497)
    error = 100.0 * float(errors_of(predictions).errors.mean())
    record = make_record(design_class="deq", test_errors=(50.0, error))
    write_record(tmp_path, record, {predictions_file(2): dump_predictions(predictions)})
    found = cascades_of(record, tmp_path)
    assert found == make_cascades(predictions)
    kept = replace(record, cascades=found[:1])
    assert cascades_of(kept, tmp_path / "absent") == found[:1]


def test_runs_without_predictions_and_single_networks_have_none(tmp_path: Path) -> None:
    assert cascades_of(make_record(design_class="deq"), tmp_path) == []
    assert cascades_of(make_record(), tmp_path) == []
