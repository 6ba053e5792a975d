"""What finished runs say of others: their seconds, with the wait before them."""

from dataclasses import replace

import pytest

from ensemble_switchover.planning.cost import relative_training_cost
from ensemble_switchover.planning.overheads import read_overheads, write_overheads
from ensemble_switchover.results.record import SecondsRecord
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.finished_runs import keep_learned, read_finished
from tests.factories import make_record
from tests.planning.test_overheads import planted


@pytest.fixture
def runs(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    words = (("design=single", "seed=0"), ("design=single", "seed=1"), ("design=deq", "k=2"))
    return [replace(tiny_spec(*word)[0], results=tmp_path) for word in words]


def finish(spec, error=12.0, **seconds):
    record = make_record(name=spec.name, test_errors=[error])
    record = replace(record, wall_seconds=10.0, seconds=SecondsRecord(**seconds))
    write_record(spec.folder, record)


def test_a_run_takes_what_those_of_its_design_took_with_the_wait(runs):
    finish(runs[0], waiting=2.0)
    found = read_finished(runs)
    assert found.errors == {runs[0].name: 12.0}
    assert found.seconds[runs[1].name] == pytest.approx(12.0)
    ratio = relative_training_cost(runs[2]) / relative_training_cost(runs[0])
    assert found.seconds[runs[2].name] == pytest.approx(12.0 * ratio)


def test_a_process_that_did_other_things_before_is_no_long_wait(runs):
    finish(runs[0], waiting=3600.0)
    assert read_finished(runs).seconds[runs[1].name] == pytest.approx(20.0)


def test_what_runs_took_is_kept_where_something_was_measured_before(runs):
    finish(runs[0], waiting=2.0, data=0.5, rest=0.7)
    keep_learned(runs)
    assert read_overheads(runs[0]) is None
    write_overheads(runs[0], planted())
    keep_learned(runs)
    found = read_overheads(runs[0])
    assert (found.job_seconds, found.load_seconds, found.run_seconds) == (2.0, 0.5, 0.7)
    keep_learned(runs[1:])
    assert read_overheads(runs[0]) == found
