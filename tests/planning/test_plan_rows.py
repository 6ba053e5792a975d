"""A plan as rows for other programs."""

import pytest

from ensemble_switchover.planning import basis
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.plan_rows import plan_row
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record
from tests.planning.synthetic import make_calibration

HERE = {"precision": "32", "device_name": "Example CPU"}


@pytest.fixture(autouse=True)
def _example_machine(monkeypatch):
    monkeypatch.setattr(basis, "processor_name", lambda: "Example CPU")
    monkeypatch.setattr(basis, "main_memory_bytes", lambda: 2**34)


@pytest.fixture
def specs(tiny_spec):
    """Runs of four seeds: finished, failed, damaged, absent."""
    runs = [tiny_spec(f"seed={seed}", "epochs=3")[0] for seed in range(4)]
    write_record(
        runs[0].folder, make_record(epoch_seconds=[9, 2, 4], environment=HERE, latencies={})
    )
    write_failure(runs[1].folder, runs[1].name, "reason")
    runs[2].folder.mkdir(parents=True)
    (runs[2].folder / RECORD_FILE).write_text("{")
    return runs


def test_a_row_holds_what_was_found(specs):
    found = forecast(specs, [make_calibration()], None)
    row = plan_row(found[0])
    spec, cost = found[0].spec, found[0].cost
    assert (row.name, row.state, row.seed, row.epochs, row.batch_size) == (
        spec.name, "finished", 0, 3, 16,
    )  # fmt: skip
    assert (row.depth, row.width, row.k) == (spec.design.depth, spec.design.width, 1)
    assert row.predicted_training_seconds == cost.training_seconds
    assert row.memory_bytes == cost.memory_bytes
    assert (row.execution, row.execution_requested) == (found[0].plan.label, spec.execution.name)
    assert row.latency_many_images_ms_per_image == cost.many_images_ms
    assert (row.device, row.device_name) == ("cpu", "Example CPU")
    assert row.steady_training_seconds == 9
