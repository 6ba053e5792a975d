"""Devices of added times know inference alone, and never mix with others."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.advice.added_devices import (
    added_device_names,
    list_added_candidates,
    match_added_device,
    name_added_device,
    read_timings_of_runs,
)
from ensemble_switchover.analysis.advice.headline import headline
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, device_names
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.results.layout import TIMINGS_FILE
from ensemble_switchover.results.store import write_record
from ensemble_switchover.results.timing_file import add_timing_file, read_measured_file
from tests.analysis.advice.planted_cascades import planted_runs
from tests.analysis.advice.test_cascade_designs import cascades_in, with_their_cascades
from tests.factories import make_record
from tests.results.added import BOARD, measured_model, measured_values
from tests.results.test_timing_file import write_json

DEVICE = f"{BOARD}, onnxruntime 1.32.0, 4 threads"


@pytest.fixture
def timings_of(tmp_path):
    def make(models, **machine):
        """Return the times of (record, milliseconds, fields of the file), by run."""
        found = {}
        for number, (record, milliseconds, fields) in enumerate(models):
            values = measured_values("abc", **machine)
            values["models"] = [measured_model("abc", milliseconds, **fields)]
            measured = read_measured_file(write_json(tmp_path / f"{number}.json", values))
            timing = measured.timing_of(measured.models[0])
            found.setdefault((record.study, record.name), []).append(timing)
        return found

    return make


def test_a_device_is_named_with_what_its_times_depend_on(timings_of):
    record = make_record()
    (timing,) = timings_of([(record, 1.0, {})])[record.study, record.name]
    assert name_added_device(timing) == DEVICE
    (own,) = timings_of([(record, 1.0, {})], name="kitchen")[record.study, record.name]
    assert name_added_device(own) == f"kitchen ({BOARD}), onnxruntime 1.32.0, 4 threads"


def test_designs_have_the_times_of_that_device_alone(timings_of):
    records = [
        make_record(seed=seed, test_errors=[9.0], latencies={128: 1.0}) for seed in (0, 1)
    ] + [make_record(design_class="deq", test_errors=[8.0], latencies={128: 4.0})]
    timings = timings_of(
        [
            (records[0], 20.0, {}),
            (records[1], 22.0, {}),
            (records[0], 1e-3, {"precision": "int8"}),
            (records[0], 1e-3, {"runtime": "torch"}),
        ]
    )
    designs = collect_designs(records)
    assert added_device_names(designs, timings) == [DEVICE, f"{BOARD}, torch unknown, 4 threads"]
    assert device_names(designs) == ["Example CPU"]
    by_class = {c.design.design_class: c for c in list_added_candidates(designs, DEVICE, timings)}
    cost = by_class["single"].cost
    assert cost.latency_ms == pytest.approx(21.0)
    assert cost.latency_p99_ms == pytest.approx(42.0)
    assert (cost.num_seeds, cost.latency_batch_size) == (2, 128)
    assert (cost.seconds, cost.memory_bytes) == (None, None)
    assert by_class["deq"].cost is None
    (at_one,) = [
        c.cost for c in list_added_candidates(designs, DEVICE, timings, 1) if c.cost is not None
    ]
    assert at_one.latency_batch_size == 1
    assert [c.cost for c in list_added_candidates(designs, DEVICE, timings, 32)] == [None, None]


def test_the_fastest_file_counts_where_it_is_asked_for(timings_of):
    record = make_record(design_class="deq", test_errors=[8.0])
    timings = timings_of([(record, 4.0, {}), (record, 3.0, {"execution": "fused"})])
    (candidate,) = list_added_candidates(collect_designs([record]), DEVICE, timings)
    assert candidate.cost.latency_ms == pytest.approx(4.0)
    assert candidate.cost.fastest_latency_ms == pytest.approx(3.0)


def test_training_is_not_known_there_and_that_is_said(timings_of):
    records = [
        make_record(seed=seed, test_errors=[40.0, 9.0 + seed], latencies={128: 1.0})
        for seed in (0, 1)
    ]
    designs = collect_designs(records)
    timings = timings_of([(records[0], 2.0, {})])
    candidates = list_added_candidates(designs, DEVICE, timings)
    advice = advise(candidates, Limits(hours=1e-9, latency_ms=2.5))
    assert "limit on the training time could not be checked" in headline(advice)
    text = " ".join(describe_advice(advice))
    assert f"Times were measured on {DEVICE}, of exported files in float32." in text
    assert "Training was not timed there." in text
    assert advise(candidates, Limits(latency_ms=1.5)).best is None


def test_a_cascade_is_timed_itself_or_by_its_members(timings_of):
    records = planted_runs(cascade_errors=(10.0,))
    single, ensemble = records
    whole = [(single, 1.0, {}), (ensemble, 4.0, {})]
    designs = with_their_cascades(records)
    assert cascades_in(records)

    def cost_of_cascade(models):
        found = list_added_candidates(designs, DEVICE, timings_of(models))
        (cost,) = [c.cost for c in found if c.design.cascade is not None]
        return cost

    predicted = cost_of_cascade(whole)
    assert predicted.latency_ms == pytest.approx(4.0 * 1.5 / 4)
    assert predicted.latency_p99_ms == pytest.approx(8.0 * 3 / 4)
    assert not predicted.is_cascade_measured
    served = {
        "kind": "cascade",
        "rule": "confidence",
        "execution": "cascade",
        "threshold": 0.95,
        "order": [0, 1, 2, 3],
    }
    measured = cost_of_cascade([*whole, (ensemble, 1.7, served)])
    assert measured.latency_ms == pytest.approx(1.7)
    assert measured.is_cascade_measured
    for other in ({"rule": "margin"}, {"threshold": 0.9}, {"order": [1, 0, 2, 3]}):
        cost = cost_of_cascade([*whole, (ensemble, 1.7, {**served, **other})])
        assert cost.latency_ms == pytest.approx(1.5)


def test_a_device_is_meant_by_its_machine_where_that_is_enough(timings_of):
    records = [make_record(test_errors=[9.0])]
    designs = collect_designs(records)
    both = timings_of([(records[0], 1.0, {}), (records[0], 1.0, {"runtime": "torch"})])
    assert match_added_device(DEVICE, designs, both) == {DEVICE}
    assert len(match_added_device(BOARD, designs, both)) == 2
    assert match_added_device("another", designs, both) == set()


def test_what_cannot_be_read_is_told_and_left_out(tmp_path, capsys):
    record = make_record(test_errors=[9.0])
    folder = tmp_path / record.name
    write_record(folder, record)
    path = write_json(tmp_path / "t.json", measured_values(record.fingerprint))
    add_timing_file(folder, path)
    folders = {(record.study, record.name): folder}
    assert len(read_timings_of_runs([record], folders)) == 1
    (folder / TIMINGS_FILE).write_text("{}")
    assert read_timings_of_runs([record], folders) == {}
    assert "changed since it was written" in capsys.readouterr().err
