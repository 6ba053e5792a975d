"""The latencies of a cascade are kept in a record, and older records have none."""

import json
from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record, write_record
from tests.factories import make_record, write_signed


def quantiles(milliseconds):
    return LatencyQuantiles(
        mean_ms_per_image=milliseconds,
        median_ms_per_image=milliseconds,
        p90_ms_per_image=2 * milliseconds,
        p99_ms_per_image=3 * milliseconds,
    )


def entry(**changes):
    measured = CascadeLatencyRecord(
        rule="confidence",
        threshold=0.95,
        batch_size=1,
        repeats=300,
        num_images=300,
        mean_members=1.5,
        cascade=quantiles(1.6),
        whole=quantiles(4.0),
        single=quantiles(2.0),
    )
    return replace(measured, **changes)


def test_they_are_read_as_they_were_written(tmp_path):
    measured = [entry(), entry(batch_size=128, single=None)]
    record = replace(make_record(design_class="deq", k=4), cascade_latencies=measured)
    folder = tmp_path / "study" / record.name
    write_record(folder, record)
    assert read_record(folder / RECORD_FILE).cascade_latencies == measured


def test_a_record_of_before_has_none_and_a_negative_one_is_refused(tmp_path):
    record = replace(make_record(design_class="deq", k=4), cascade_latencies=[entry()])
    path = tmp_path / "study" / record.name / RECORD_FILE
    write_record(path.parent, record)
    content = json.loads(path.read_text())
    content["cascade_latencies"][0]["cascade"]["p99_ms_per_image"] = -1.0
    write_signed(path, content)
    with pytest.raises(RecordError, match="p99_ms_per_image"):
        read_record(path)
    del content["cascade_latencies"]
    write_signed(path, content)
    assert read_record(path).cascade_latencies == []


def test_the_predicted_mean_is_of_the_members_asked():
    assert entry().predicted_mean_ms(4) == pytest.approx(4.0 / 4 * 1.5)
