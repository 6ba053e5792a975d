"""The jobs of a plan are those that the sweep launches."""

import pytest

from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.seed_groups import as_group
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep import job_forecast as module
from ensemble_switchover.sweep import jobs_per_device
from ensemble_switchover.sweep.job_forecast import (
    forecast_jobs,
    groups_to_time,
    job_groups,
    num_jobs_of,
)
from tests.factories import make_record


@pytest.fixture
def specs(tiny_spec):
    return [
        tiny_spec(*words, f"seed={seed}")[0]
        for words in (("design=single",), ("design=deq", "k=2"))
        for seed in range(4)
    ]


def seeds_of(groups):
    return [[spec.seed for spec in group] for group in groups]


def test_jobs_are_divided_so_that_all_processes_have_some(specs):
    assert seeds_of(job_groups(specs, "auto", 1)) == [[0, 1, 2, 3]] * 2
    assert seeds_of(job_groups(specs, "auto", 2)) == [[0, 1], [2, 3]] * 2
    assert seeds_of(job_groups(specs, "none", 2)) == [[0], [1], [2], [3]] * 2


def test_finished_runs_are_in_no_job(specs):
    write_record(specs[1].folder, make_record(name=specs[1].name))
    jobs = forecast_jobs(forecast(specs, [], None), "seeds", 1, [])
    assert [[run.spec.seed for run in job.runs] for job in jobs] == [[0, 2, 3], [0, 1, 2, 3]]
    assert [job.num_together for job in jobs] == [3, 4]


def test_a_calibration_times_the_groups_of_the_sweep(specs):
    assert groups_to_time(specs, "none", 1) == []
    groups = groups_to_time(specs, "auto", 1)
    assert groups == [as_group(specs[0], 4), as_group(specs[4], 4)]
    assert [(group.design.k, group.execution.name) for group in groups] == [
        (4, "fused"), (8, "fused"),
    ]  # fmt: skip


def test_a_launcher_without_a_number_has_a_job_a_processor_or_a_gpu(specs, monkeypatch):
    monkeypatch.setattr(jobs_per_device, "num_processors", lambda: 6)
    monkeypatch.setattr(module, "assignable_gpus", lambda: ("0", "1", "2"))
    assert [num_jobs_of(number, specs) for number in (3, -1, -2)] == [3, 6, 5]
    monkeypatch.setattr(module, "this_device", lambda _: ("cuda", "GPU"))
    assert num_jobs_of(-1, specs) == 3
