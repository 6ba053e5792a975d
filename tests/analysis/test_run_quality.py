"""The quality of a run, from its record or from kept predictions."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble_switchover.analysis.run_quality import quality_of, read_studies_for
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import load_predictions, predictions_file
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS
from ensemble_switchover.results.store import read_record, write_record
from tests.analysis.switchover.planted_images import LAST, errors_of_run, write_run


def test_predictions_tell_the_quality_of_older_records(tmp_path):
    record = write_run(tmp_path, "deq", 8, 0)
    folder = tmp_path / record.name
    found = quality_of(record, folder)
    content = (folder / predictions_file(LAST)).read_bytes()
    assert found == measure_quality(load_predictions(content))
    share = errors_of_run("deq", 8, 0).mean()
    images, errors = np.array(found.class_images), np.array(found.class_error_percent)
    assert (images * errors).sum() / images.sum() == pytest.approx(100 * share)
    (folder / predictions_file(LAST)).write_bytes(content[:-3])
    with pytest.raises(RecordError, match="damaged"):
        quality_of(record, folder)


def test_a_record_that_has_it_is_not_asked_twice(tmp_path):
    record = write_run(tmp_path, "deq", 8, 0)
    quality = quality_of(record, tmp_path / record.name)
    write_record(tmp_path / "other", replace(record, quality=quality))
    stored = read_record(tmp_path / "other" / "record.json")
    assert stored.quality == quality
    assert quality_of(stored, tmp_path / "nowhere") == quality


def test_without_predictions_nothing_is_known(tmp_path):
    record = write_run(tmp_path, "single", 8, 0, keep=False)
    assert quality_of(record, tmp_path / record.name) is None


def test_studies_have_the_quality_that_the_metric_is_read_from(tmp_path):
    record = write_run(tmp_path, "deq", 8, 0)
    by_error = read_studies_for([tmp_path], QUALITY_METRICS["error"])
    assert [found.quality for found in by_error.records] == [None]
    by_coverage = read_studies_for([tmp_path], QUALITY_METRICS["coverage_at_5_percent_risk"])
    expected = quality_of(record, tmp_path / record.name)
    assert [found.quality for found in by_coverage.records] == [expected]
    assert by_coverage.folders == by_error.folders
