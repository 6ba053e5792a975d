import numpy as np
import pytest
import torch

from ensemble_switchover.design import ImageTask
from ensemble_switchover.measurement import latency
from ensemble_switchover.measurement.latency import (
    MIN_REPEATS,
    NUM_REPEATS,
    WARM_UP_REPEATS,
    measure_latencies,
    summarise,
)

TASK = ImageTask(channels=2, size=4, num_classes=3)


@pytest.fixture
def measure(monkeypatch):
    """Measure a model whose n-th call takes `seconds(n)` on a clock that nothing else moves."""

    def make(seconds, batch_sizes, max_seconds):
        now, shapes, warnings = [0.0], [], []

        def predict(images):
            shapes.append(tuple(images.shape))
            now[0] += seconds(len(shapes))
            return images

        monkeypatch.setattr(latency, "synchronised_clock", lambda device: lambda: now[0])
        results = measure_latencies(
            predict,
            TASK,
            batch_sizes,
            device=torch.device("cpu"),
            dtype=torch.float32,
            max_seconds=max_seconds,
            warn=warnings.append,
        )
        return results, shapes

    return make


def test_thirty_repeats_of_a_quick_model_after_a_warm_up(measure):
    (result,), shapes = measure(
        lambda call: 99.0 if call <= WARM_UP_REPEATS else 0.008, [4], max_seconds=10
    )
    assert result.repeats == NUM_REPEATS
    assert result.median_ms_per_image == pytest.approx(2.0)
    assert shapes == [(4, 2, 4, 4)] * (NUM_REPEATS + WARM_UP_REPEATS)


def test_a_slow_model_ends_by_time_but_not_before_five_repeats(measure):
    (quick, slow), _ = measure(lambda call: 0.5, [1, 1], max_seconds=4)
    assert quick.repeats == slow.repeats == 8
    (few,), _ = measure(lambda call: 100.0, [1], max_seconds=4)
    assert few.repeats == MIN_REPEATS


def test_quartiles_are_numpys():
    seconds = [0.1, 0.4, 0.2, 0.9, 0.3, 0.35]
    result = summarise(10, seconds)
    expected = np.quantile(seconds, [0.25, 0.5, 0.75]) * 1000 / 10
    assert [
        result.lower_quartile_ms_per_image,
        result.median_ms_per_image,
        result.upper_quartile_ms_per_image,
    ] == pytest.approx(expected)


def test_a_batch_that_does_not_fit_is_left_out_and_told():
    def predict(images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    told = []
    results = measure_latencies(
        predict,
        TASK,
        [8, 1, 2, 4],
        device=torch.device("cpu"),
        dtype=torch.float32,
        max_seconds=0.001,
        warn=told.append,
    )
    assert [result.batch_size for result in results] == [1, 2]
    assert told == ["inference at batch size 4 does not fit into memory; left out"]
