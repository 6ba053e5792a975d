"""Seconds of the timing pass and of the measurements, against plain sums."""

import pytest

from ensemble_switchover.config.timed_epochs import timed_epochs
from ensemble_switchover.measurement import cascade_latency, latency
from ensemble_switchover.planning import after_training
from ensemble_switchover.planning.after_training import measuring_seconds, timing_pass_seconds
from ensemble_switchover.planning.cost import PredictedCost

SIZES = "measurement.latency_batch_sizes"


def make_cost(**changes):
    known = {
        "steps": 1,
        "training_flops": 1.0,
        "memory_bytes": 1,
        "training_seconds": 10.0,
        "evaluation_seconds": 4.0,
        "one_image_ms": 10.0,
        "many_images_ms": 1.0,
        "extrapolated": False,
    }
    return PredictedCost(**{**known, **changes})


def test_a_timing_pass_is_its_steps_and_an_evaluation(tiny_spec):
    spec, _ = tiny_spec("epochs=4")
    timed, whole = timed_epochs(spec)
    expected = 10.0 * timed.all_steps / (4 * whole) + 1.0
    assert timing_pass_seconds(spec, make_cost()) == pytest.approx(expected)
    assert timing_pass_seconds(spec, make_cost(training_seconds=None)) is None


def test_predictions_are_repeated_as_often_as_the_measurement_repeats_them():
    assert after_training.LEAST_PREDICTIONS == latency.MIN_REPEATS
    assert after_training.MOST_PREDICTIONS == latency.NUM_REPEATS
    assert after_training.UNTIMED_PREDICTIONS == latency.WARM_UP_REPEATS
    assert after_training.MOST_IMAGES == cascade_latency.MOST_CASCADE_IMAGES


def test_measuring_ends_after_its_seconds_or_its_repeats(tiny_spec):
    words = (f"{SIZES}=[1,128]", "measurement.layer_repeats=0")
    spec, _ = tiny_spec(*words, "measurement.latency_seconds=100")
    assert measuring_seconds(spec, make_cost()) == pytest.approx(32 * (0.01 + 0.128))
    short, _ = tiny_spec(*words, "measurement.latency_seconds=0.2")
    assert measuring_seconds(short, make_cost()) == pytest.approx(0.2 + 0.02 + 5 * 0.128 + 0.256)
    assert measuring_seconds(short, make_cost(one_image_ms=None)) is None


def test_seeds_share_what_is_measured(tiny_spec):
    words = (f"{SIZES}=[1]", "measurement.latency_seconds=0.3", "measurement.layer_repeats=6")
    spec, _ = tiny_spec(*words, "design=deq", "k=2")
    step, cascade = 10.0 / (2 * spec.num_steps), 0.3 + 2 * 0.03
    assert measuring_seconds(spec, make_cost()) == pytest.approx(3 * 0.32 + cascade + 6 * step)
    shared = 3 * (0.1 + 0.02) + 0.1 + 2 * 0.03 + 2 * step
    assert measuring_seconds(spec, make_cost(), 3) == pytest.approx(shared)


def test_a_cascade_is_timed_on_many_images_or_for_its_seconds(tiny_spec):
    words = (f"{SIZES}=[1,128]", "measurement.layer_repeats=0", "design=deq", "k=2")
    spec, _ = tiny_spec(*words, "measurement.latency_seconds=1000")
    executions = 3 * 32 * (0.01 + 0.128)
    cascade = (500 + 2) * 3 * 0.01 + (30 + 2) * 3 * 0.128
    assert measuring_seconds(spec, make_cost()) == pytest.approx(executions + cascade)
    bounded, _ = tiny_spec(
        *words, "measurement.latency_seconds=1000", "epochs=500", "measurement.share=0.1"
    )
    # of one second, two thirds for executions and the rest for the cascade, at two batch sizes
    least = 3 * 3 * 0.128  # a warm-up and two repeats of three models
    assert measuring_seconds(bounded, make_cost()) == pytest.approx(1 / 3 + 1 / 6 + 2 * least)


def test_a_share_of_the_training_bounds_it(tiny_spec):
    words = (f"{SIZES}=[1,128]", "measurement.layer_repeats=0", "measurement.latency_seconds=100")
    spec, _ = tiny_spec(*words, "epochs=500", "measurement.share=0.1")
    assert measuring_seconds(spec, make_cost()) == pytest.approx(31 * 0.01 + 0.5)
    least, _ = tiny_spec(*words, "epochs=1", "measurement.share=0.0001")
    assert measuring_seconds(least, make_cost()) == pytest.approx(3 * 0.01)
