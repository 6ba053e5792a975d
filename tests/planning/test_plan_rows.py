"""A plan as rows for other programs."""

import pytest

from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.job_cost import predict_job
from ensemble_switchover.planning.plan_rows import plan_row
from tests.planning.synthetic import make_calibration
from tests.planning.test_job_cost import rescaled

pytestmark = pytest.mark.usefixtures("example_machine")


def test_a_row_holds_what_was_found(specs):
    found = forecast(specs, [make_calibration()], None)
    row = plan_row(found[0])
    spec, cost = found[0].spec, found[0].cost
    assert (row["name"], row["state"], row["seed"], row["epochs"], row["batch_size"]) == (
        spec.name, "finished", 0, 3, 16,
    )  # fmt: skip
    assert (row["depth"], row["width"], row["k"]) == (spec.design.depth, spec.design.width, 1)
    assert row["predicted_training_seconds"] == cost.training_seconds
    assert row["memory_bytes"] == cost.memory_bytes
    assert (row["execution"], row["execution_requested"]) == (
        found[0].plan.label,
        spec.execution.name,
    )
    assert row["latency_many_images_ms_per_image"] == cost.many_images_ms
    assert (row["device"], row["device_name"]) == ("cpu", "Example CPU")
    assert row["steady_training_seconds"] == 9
    assert row["seeds_together"] is row["predicted_job_training_seconds"] is None


def test_a_row_holds_what_the_job_of_the_run_takes(tiny_spec):
    specs = [tiny_spec(f"seed={seed}")[0] for seed in range(3)]
    calibrations = [make_calibration(), rescaled(0.1)]
    runs = forecast(specs, calibrations, None)
    job = predict_job(runs, "auto", 1, calibrations, None)
    row = plan_row(runs[1], job)
    assert (row["seeds_together"], row["group_memory_bytes"]) == (3, job.memory_bytes)
    assert row["predicted_job_training_seconds"] == job.training_seconds
    assert row["predicted_job_evaluation_seconds"] == job.evaluation_seconds
    assert row["predicted_job_timing_seconds"] == job.timing_seconds
    assert row["predicted_job_measuring_seconds"] == job.measuring_seconds
