"""What is measured within a share of the training, by counts of images."""

import pytest

from ensemble_switchover.config.measured_share import (
    GAIN_TOGETHER,
    LEAST_CASCADE_TIMES,
    LEAST_LAYER_STEPS,
    LEAST_TIMES,
    PASSES_OF_A_STEP,
    bounded_measurement,
    cascade_batch_sizes,
    seconds_for_latency,
)
from ensemble_switchover.config.timed_epochs import LEAST_STEPS, timed_epochs
from tests.config.resolving import resolve_with

SIZES = "measurement.latency_batch_sizes=[1,32,128,1024]"


def spec_of(*words):
    return resolve_with(SIZES, "epochs=10", *words)


def test_without_a_share_everything_is_measured_as_asked():
    spec = spec_of()
    assert bounded_measurement(spec) == spec.measurement
    assert seconds_for_latency(spec, 100.0) is None


def test_what_takes_least_is_kept_first():
    spec = spec_of("measurement.share=1")
    images = PASSES_OF_A_STEP / GAIN_TOGETHER * spec.train_size * 10
    layers = LEAST_LAYER_STEPS * PASSES_OF_A_STEP * spec.recipe.batch_size

    def share_for(predicted):
        return f"measurement.share={predicted / images}"

    small = bounded_measurement(spec_of(share_for(LEAST_TIMES * (1 + 32) + 1)))
    assert small.latency_batch_sizes == [1, 32]
    with_128 = LEAST_TIMES * (1 + 32 + 128) + layers + 1
    more = bounded_measurement(spec_of(share_for(with_128)))
    assert (more.latency_batch_sizes, more.layer_repeats) == ([1, 32, 128], 2)


def test_the_smallest_batch_is_always_measured():
    nothing = bounded_measurement(spec_of("measurement.share=0.000001"))
    assert (nothing.latency_batch_sizes, nothing.layer_repeats) == ([1], 0)
    unasked = resolve_with("measurement.latency_batch_sizes=[]", "measurement.share=0.5")
    assert bounded_measurement(unasked).latency_batch_sizes == []


def test_a_cascade_is_timed_within_what_is_left():
    assert cascade_batch_sizes(spec_of()) == [1, 32, 128, 1024]
    images = PASSES_OF_A_STEP / GAIN_TOGETHER * spec_of().train_size * 10
    others = LEAST_TIMES * (1 + 32) + 1
    for beyond, expected in ((0, [1]), (LEAST_CASCADE_TIMES * (1 + 32), [1, 32])):
        spec = spec_of(f"measurement.share={(others + beyond) / images}")
        assert bounded_measurement(spec).latency_batch_sizes == [1, 32]
        assert cascade_batch_sizes(spec) == expected
    unasked = resolve_with("measurement.latency_batch_sizes=[]", "measurement.share=0.5")
    assert cascade_batch_sizes(unasked) == []


def test_all_designs_of_a_study_are_measured_at_the_same_sizes():
    shares = ("measurement.share=0.1", "budget.width=16")
    found = {
        tuple(bounded_measurement(spec_of(*shares, *design)).latency_batch_sizes)
        for design in (["design=single"], ["design=deq", "k=4"], ["design=weq", "k=4"])
    }
    assert len(found) == 1


def test_the_share_is_of_the_seconds_that_training_takes():
    assert seconds_for_latency(spec_of("measurement.share=0.2"), 30.0) == pytest.approx(6.0)


def test_a_timing_pass_has_fewer_steps_too():
    whole, steps = timed_epochs(spec_of("recipe.batch_size=4"))[::-1]
    assert steps.steps == 50
    bounded, _ = timed_epochs(spec_of("recipe.batch_size=4", "measurement.share=0.02"))
    assert bounded.steps == int(0.02 * 10 * whole / GAIN_TOGETHER)
    least, _ = timed_epochs(spec_of("recipe.batch_size=4", "measurement.share=0.0001"))
    assert least.steps == LEAST_STEPS


def test_a_run_is_the_same_however_much_is_measured():
    assert spec_of("measurement.share=0.1").name == spec_of().name
