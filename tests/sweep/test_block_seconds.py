"""Seconds of a block: runs of a design are one job."""

import pytest
from omegaconf import OmegaConf

from ensemble_switchover.planning.calibration import calibration_folder, write_calibration
from ensemble_switchover.runner import calibrate as calibrate_module
from ensemble_switchover.sweep.block_seconds import (
    JobSeconds,
    jobs_of_block,
    measured_seconds,
    predicted_seconds,
)
from ensemble_switchover.sweep.next_runs import FinishedRuns
from ensemble_switchover.sweep.seed_seconds import SeedSeconds
from tests.planning.synthetic import make_calibration
from tests.planning.test_job_cost import rescaled


def make_config(n_jobs=None):
    launcher = {} if n_jobs is None else {"n_jobs": n_jobs}
    hydra = {"launcher": launcher, "overrides": {"hydra": []}}
    return OmegaConf.create({"sweep": {"jobs_per_device": None}, "hydra": hydra})


@pytest.fixture
def specs(tiny_spec):
    return [
        tiny_spec("epochs=2", *words, f"seed={seed}")[0]
        for words in (("design=single",), ("design=deq", "k=2"))
        for seed in range(3)
    ]


@pytest.fixture
def example_machine(monkeypatch, tmp_path):
    from ensemble_switchover.planning import basis

    monkeypatch.setattr(basis, "processor_name", lambda: "Example CPU")
    monkeypatch.setattr(basis, "main_memory_bytes", lambda: 2**34)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_seeds_of_a_design_are_a_job_unless_they_are_trained_apart(specs):
    jobs = jobs_of_block(specs, "auto", make_config())
    assert [([spec.seed for spec in runs], number) for runs, number in jobs] == [
        ([0, 1, 2], 1), ([0, 1, 2], 1),
    ]  # fmt: skip
    assert [len(runs) for runs, _ in jobs_of_block(specs, "none", make_config())] == [1] * 6
    two = jobs_of_block(specs, "auto", make_config(n_jobs=2))
    assert [([spec.seed for spec in runs], number) for runs, number in two] == [
        ([0, 1], 2), ([2], 2), ([0, 1], 2), ([2], 2),
    ]  # fmt: skip


def test_measured_jobs_are_the_shares_of_their_runs_or_what_a_smaller_group_takes(specs):
    seconds = {spec.name: 10.0 for spec in specs}
    of_seed = {spec.name: SeedSeconds(10.0, 25.0, 3) for spec in specs[:3]}
    finished = FinishedRuns({}, seconds, of_seed)
    assert measured_seconds(specs, finished, "auto", make_config()) == [30.0, 30.0]
    assert measured_seconds(specs[1:4], finished, "auto", make_config()) == [30.0, 10.0]
    assert measured_seconds(specs[:1], finished, "auto", make_config()) == [25.0]


@pytest.mark.usefixtures("example_machine")
def test_predictions_are_those_of_the_groups_and_time_nothing_that_is_known(specs, monkeypatch):
    monkeypatch.setattr(calibrate_module, "calibrate", lambda *_: pytest.fail("timed"))
    for calibration in (make_calibration(), rescaled(0.1)):
        write_calibration(calibration, calibration_folder(None))
    together = predicted_seconds(specs, 1.0, "auto", make_config())(specs)
    apart = predicted_seconds(specs, 1.0, "none", make_config())(specs)
    assert (len(together), len(apart)) == (2, 6)
    assert 0 < together[0].epochs < apart[0].epochs
    assert together[0].fixed > 0
    (one,) = predicted_seconds(specs, 1.0, "auto", make_config())(specs[:1])
    assert one.epochs == pytest.approx(apart[0].epochs)


@pytest.mark.usefixtures("example_machine")
def test_groups_that_were_never_timed_are_timed_first(specs, monkeypatch):
    write_calibration(make_calibration(), calibration_folder(None))
    timed = []

    def calibrate(asked, seconds):
        timed.append(([spec.execution.name for spec in asked], seconds))
        return [rescaled(0.1)]

    monkeypatch.setattr(calibrate_module, "calibrate", calibrate)
    predict = predicted_seconds(specs, 7.0, "seeds", make_config())
    assert timed == [(["auto"] * 6 + ["fused"] * 2, 7.0)]
    assert all(job.whole > 0 for job in predict(specs))


def test_fewer_epochs_leave_what_is_fixed():
    job = JobSeconds(10.0, 2.0)
    assert (job.whole, job.at(0.5)) == (12.0, 7.0)
