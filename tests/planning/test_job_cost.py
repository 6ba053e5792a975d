"""Seeds of a job, together and apart, by made-up rates."""

import dataclasses

import pytest

from ensemble_switchover.planning.cost import count_work
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.job_cost import predict_job, sum_known
from ensemble_switchover.planning.seed_groups import TOGETHER, as_group
from ensemble_switchover.planning.workload import MANY_IMAGES, Pass, seconds
from tests.planning.synthetic import RATES, make_calibration, make_conditions

pytestmark = pytest.mark.usefixtures("example_machine")


def rescaled(factor):
    """Make a calibration of fused steps, as quick as the planted rates times a factor."""
    known = make_calibration()
    observations = [
        dataclasses.replace(entry, median_seconds=factor * entry.median_seconds)
        for entry in known.observations
    ]
    return make_calibration(observations, conditions=make_conditions(execution="fused"))


def runs_of(tiny_spec, calibrations, *words, seeds=4):
    specs = [tiny_spec("epochs=2", *words, f"seed={seed}")[0] for seed in range(seeds)]
    return forecast(specs, calibrations, None)


def test_a_group_takes_the_seconds_of_its_members_at_once(tiny_spec):
    calibrations = [make_calibration(), rescaled(0.1)]
    runs = runs_of(tiny_spec, calibrations, "design=deq", "k=2")
    job = predict_job(runs, "seeds", 1, calibrations, None)
    spec = as_group(runs[0].spec, 4)
    assert spec.design.k == 8
    work = {timed: count_work(spec, TOGETHER, timed) for timed in Pass}
    assert job.sizes == [4]
    assert job.training_seconds == pytest.approx(
        0.1 * spec.num_steps * seconds(RATES[Pass.TRAINING], work[Pass.TRAINING]), rel=1e-6
    )
    evaluated = 2 * spec.sizes.evaluated / MANY_IMAGES
    assert job.evaluation_seconds == pytest.approx(
        0.1 * evaluated * seconds(RATES[Pass.MANY], work[Pass.MANY]), rel=1e-6
    )
    assert job.timing_seconds > 0
    assert job.memory_bytes > 3 * runs[0].cost.memory_bytes
    whole = job.training_seconds + job.evaluation_seconds + job.timing_seconds
    assert job.seconds == pytest.approx(whole + job.measuring_seconds)


def test_auto_is_the_quicker_of_together_and_apart(tiny_spec):
    for factor, sizes in ((0.1, [4]), (100.0, [1, 1, 1, 1])):
        calibrations = [make_calibration(), rescaled(factor)]
        runs = runs_of(tiny_spec, calibrations)
        job = predict_job(runs, "auto", 1, calibrations, None)
        assert job.sizes == sizes
        apart = sum(run.cost.training_seconds + run.cost.evaluation_seconds for run in runs)
        assert (job.training_and_evaluation == pytest.approx(apart)) == (len(sizes) == 4)
        assert predict_job(runs, "seeds", 1, calibrations, None).sizes == [4]


def test_groups_that_were_not_timed_count_like_runs_apart(tiny_spec):
    calibrations = [make_calibration()]
    runs = runs_of(tiny_spec, calibrations)
    for together in ("auto", "seeds"):
        job = predict_job(runs, together, 1, calibrations, None)
        assert (job.sizes, job.unknown_together, job.extrapolated) == ([4], True, True)
        assert job.training_seconds == pytest.approx(4 * runs[0].cost.training_seconds)


def test_what_does_not_fit_into_memory_is_in_equal_groups(tiny_spec):
    calibrations = [make_calibration(), rescaled(0.1)]
    runs = runs_of(tiny_spec, calibrations, seeds=5)
    of_four = predict_job(runs[:4], "seeds", 1, calibrations, None).memory_bytes
    machine = dataclasses.replace(runs[0].machine, memory_bytes=2 * int(of_four / 0.8))
    small = [dataclasses.replace(run, machine=machine) for run in runs]
    assert predict_job(small, "seeds", 2, calibrations, None).sizes == [3, 2]
    assert predict_job(small, "seeds", 1, calibrations, None).sizes == [5]


def test_a_loss_that_is_scaled_keeps_seeds_apart(tiny_spec):
    runs = runs_of(tiny_spec, [], "precision=16")
    assert predict_job(runs, "seeds", 1, [], None).sizes == [1, 1, 1, 1]


def test_a_run_by_itself_has_no_timing_pass(tiny_spec):
    calibrations = [make_calibration()]
    (run,) = runs_of(tiny_spec, calibrations, seeds=1)
    assert predict_job([run], "none", 1, calibrations, None).timing_seconds == 0
    assert predict_job([run], "auto", 1, calibrations, None).timing_seconds > 0


def test_seconds_of_which_one_is_unknown_have_no_sum():
    assert sum_known([1.0, None, 2.0]) is None


def test_without_a_calibration_nothing_is_known(tiny_spec):
    job = predict_job(runs_of(tiny_spec, []), "auto", 1, [], None)
    assert job.seconds is None
    assert job.sizes == [4]
