import time

import numpy as np
import pytest
import torch

from ensemble_switchover.design import ImageTask
from ensemble_switchover.measurement.latency import (
    MIN_REPEATS,
    NUM_REPEATS,
    TRIAL_REPEATS,
    WARM_UP_REPEATS,
    TimedModel,
    latency_of,
    measure_latencies,
)

TASK = ImageTask(channels=2, size=4, num_classes=3)


class Timed:
    """Models whose n-th call takes given seconds, on a clock that nothing else moves."""

    def __init__(self):
        self.now = 0.0
        self.calls = []

    def model(self, name, seconds, model="run"):
        calls = []

        def predict(images):
            calls.append(tuple(images.shape))
            self.calls.append((model, name, tuple(images.shape)))
            self.now += seconds(len(calls)) if callable(seconds) else seconds
            return images

        return TimedModel(model=model, execution=name, predict=predict)

    def measure(self, contenders, batch_sizes, max_seconds, num_sharing=1, all_seconds=None):
        return measure_latencies(
            contenders,
            TASK,
            batch_sizes,
            device=torch.device("cpu"),
            dtype=torch.float32,
            max_seconds=max_seconds,
            num_sharing=num_sharing,
            all_seconds=all_seconds,
            clock=lambda: self.now,
        )


@pytest.fixture
def timed():
    return Timed()


def test_thirty_repeats_of_a_quick_model_after_a_warm_up(timed):
    model = timed.model("sequential", lambda call: 99.0 if call <= WARM_UP_REPEATS else 0.008)
    (result,) = timed.measure([model], [4], max_seconds=10)
    assert result.repeats == NUM_REPEATS
    assert result.median_ms_per_image == pytest.approx(2.0)
    assert timed.calls == [("run", "sequential", (4, 2, 4, 4))] * (NUM_REPEATS + WARM_UP_REPEATS)


def test_a_slow_model_ends_by_time_but_not_before_five_repeats(timed):
    (quick,) = timed.measure([timed.model("sequential", 0.5)], [1], max_seconds=4)
    assert quick.repeats == 8
    (few,) = timed.measure([timed.model("sequential", 100.0)], [1], max_seconds=4)
    assert few.repeats == MIN_REPEATS


def test_models_take_turns(timed):
    run, single = timed.model("sequential", 0.1), timed.model("sequential", 0.3, "single")
    results = timed.measure([run, single], [2], max_seconds=100)
    assert [(r.model, r.median_ms_per_image) for r in results] == [
        ("run", pytest.approx(50)),
        ("single", pytest.approx(150)),
    ]
    turns = [model for model, *_ in timed.calls[2 * WARM_UP_REPEATS :]]
    assert turns == ["run", "single"] * NUM_REPEATS


def test_of_other_executions_only_the_fastest_is_timed_and_only_if_it_is_faster(timed):
    sequential, single = timed.model("sequential", 0.4), timed.model("sequential", 0.1, "single")
    fused = timed.model("fused", lambda call: 9.0 if call <= WARM_UP_REPEATS else 0.2)
    parallel = timed.model("parallel", 0.3)
    results = timed.measure([sequential, fused, parallel, single], [1], max_seconds=100)
    assert [(r.model, r.execution) for r in results] == [
        ("run", "sequential"),
        ("single", "sequential"),
        ("run", "fused"),
    ]
    tried = sum(1 for _, name, _ in timed.calls if name == "parallel")
    assert tried == WARM_UP_REPEATS + TRIAL_REPEATS

    slow = timed.model("fused", 0.5)
    results = timed.measure([sequential, slow, single], [1], max_seconds=100)
    assert [(r.model, r.execution) for r in results] == [
        ("run", "sequential"),
        ("single", "sequential"),
    ]


def test_all_batch_sizes_together_keep_within_their_seconds(timed):
    def model():
        return timed.model("sequential", 0.1)

    begin = timed.now
    results = timed.measure([model()], [1, 2], max_seconds=100, all_seconds=2.15)
    assert timed.now - begin == pytest.approx(2.2)  # the last repeat ends after it
    assert [result.repeats for result in results] == [10, 10]  # and one to warm up
    few = timed.measure([model()], [1, 2], max_seconds=100, all_seconds=0.01)
    assert [result.repeats for result in few] == [2, 2]
    assert timed.measure([model()], [1], max_seconds=0.5, all_seconds=99.0)[0].repeats == 5


def test_a_model_that_sleeps_takes_at_least_as_long():
    def predict(images):
        time.sleep(0.004)
        return images

    (result,) = measure_latencies(
        [TimedModel(model="run", execution="sequential", predict=predict)],
        TASK,
        [2],
        device=torch.device("cpu"),
        dtype=torch.float32,
        max_seconds=0.01,
    )
    assert result.lower_quartile_ms_per_image >= 2.0


def test_quartiles_are_numpys(timed):
    seconds = [0.1, 0.4, 0.2, 0.9, 0.3, 0.35]
    result = latency_of(timed.model("sequential", 1.0), 10, seconds)
    expected = np.quantile(seconds, [0.25, 0.5, 0.75]) * 1000 / 10
    assert [
        result.lower_quartile_ms_per_image,
        result.median_ms_per_image,
        result.upper_quartile_ms_per_image,
    ] == pytest.approx(expected)


def test_a_batch_that_does_not_fit_is_left_out_and_told(timed, caplog):
    def greedy(images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    contenders = [
        TimedModel(model="run", execution="sequential", predict=greedy),
        TimedModel(model="run", execution="fused", predict=greedy),
        timed.model("sequential", 0.1, "single"),
    ]
    results = timed.measure(contenders, [8, 1, 2, 4], max_seconds=0.001)
    sizes = {
        model: [r.batch_size for r in results if r.model == model and r.execution == "sequential"]
        for model in ("run", "single")
    }
    assert sizes == {"run": [1, 2], "single": [1, 2, 4, 8]}
    assert caplog.messages == [
        "inference at batch size 4 does not fit into memory; left out",
        "inference, fused, at batch size 4 does not fit into memory; left out",
    ]


def test_runs_of_a_design_share_the_repeats(timed):
    sequential, fused = timed.model("sequential", 0.4), timed.model("fused", 0.2)
    results = timed.measure([sequential, fused], [1], max_seconds=100, num_sharing=4)
    assert [result.repeats for result in results] == [8, 8]
    tried = sum(1 for _, name, _ in timed.calls if name == "fused") - 8
    assert tried == WARM_UP_REPEATS + 1
    (slow,) = timed.measure([timed.model("sequential", 100.0)], [1], max_seconds=4, num_sharing=4)
    assert slow.repeats == 2
