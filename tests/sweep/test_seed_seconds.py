"""What a seed takes with others and without."""

from dataclasses import replace

import pytest

from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.record import SecondsRecord
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.seed_seconds import SeedSeconds, seed_seconds
from tests.factories import make_record, of_timing_pass


def documents(tmp_path, *records):
    found = []
    for number, record in enumerate(records):
        write_record(tmp_path / str(number), record)
        found.append(read_document(tmp_path / str(number)))
    return found


def test_a_run_by_itself_takes_its_own_seconds(tmp_path):
    records = [replace(make_record(), wall_seconds=seconds) for seconds in (10.0, 14.0)]
    assert seed_seconds(documents(tmp_path, *records), 3) == SeedSeconds(12.0, 12.0, 1)


def test_without_the_others_a_seed_takes_the_times_of_its_pass(tmp_path):
    record = of_timing_pass(make_record(), [2.0, 4.0, 5.0])
    parts = SecondsRecord(training=3.0, evaluation=1.0, timing=2.0, measuring=1.0)
    found = seed_seconds(
        documents(tmp_path, replace(record, wall_seconds=7.0, seconds=parts)), len(record.epochs)
    )
    assert (found.share, found.num_together) == (7.0, 4)
    assert found.alone == pytest.approx(3.0 + 3 * 4.0 + 3 * 0.2)
    assert found.of_seeds(4) == 28.0
    assert found.of_seeds(1) == pytest.approx(15.6)
    assert found.of_seeds(2) == 28.0
