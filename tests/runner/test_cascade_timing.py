"""The latency of a run's cascade is measured at its end, on the images that it was evaluated on."""

import pytest
import torch

from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner import cascade_timing
from ensemble_switchover.runner.job import run_job

SMALL = ("budget.depth=8", "budget.width=8", "measurement.layer_repeats=0")


def run(tiny_spec, *overrides):
    spec, config = tiny_spec(*SMALL, *overrides)
    run_job(spec, config, concurrent_jobs=1)
    return spec, read_record(spec.folder / RECORD_FILE)


@pytest.mark.slow
def test_a_run_records_the_latency_of_its_cascade(tiny_spec):
    spec, record = run(tiny_spec, "design=deq", "k=2")
    chosen = record.cascades[0]
    sizes = spec.measurement.latency_batch_sizes
    assert [one.batch_size for one in record.cascade_latencies] == sizes
    for one in record.cascade_latencies:
        assert (one.rule, one.threshold) == ("confidence", chosen.threshold)
        assert 1 <= one.mean_members <= 2
        assert one.num_images == min(record.dataset.test_size, one.repeats * one.batch_size)
        for timed in (one.cascade, one.whole, one.single):
            assert 0 < timed.median_ms_per_image <= timed.p90_ms_per_image
            assert timed.p90_ms_per_image <= timed.p99_ms_per_image
            assert timed.mean_ms_per_image > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides",
    [
        ("design=single",),
        ("design=deq", "k=2", "record.predictions=none"),
        ("design=deq", "k=2", "measurement.latency_batch_sizes=[]"),
    ],
)
def test_there_is_none_without_a_cascade_or_where_none_is_asked_for(overrides, tiny_spec):
    assert run(tiny_spec, *overrides)[1].cascade_latencies == []


@pytest.mark.slow
def test_the_images_are_those_evaluated_normalised_in_the_runs_precision(tiny_spec, monkeypatch):
    seen = {}

    def measure(models, num_images, batch_of, sizes, **options):
        images = batch_of(torch.arange(num_images))
        probabilities, asked = models.cascade(images)
        seen.update(images=images, answer=probabilities.argmax(dim=1), asked=asked, **options)
        return []

    monkeypatch.setattr(cascade_timing, "measure_cascade_seconds", measure)
    overrides = ("design=deq", "k=2", "epochs=4", "measurement.share=0.5", "seed=3")
    spec, record = run(tiny_spec, *overrides)
    assert len(seen["images"]) == record.dataset.test_size
    assert seen["images"].mean().abs() < 0.2  # normalised
    assert seen["asked"].double().mean() == pytest.approx(record.cascades[0].mean_members, abs=0.2)
    assert seen["max_seconds"] == spec.measurement.latency_seconds
    assert seen["seed"] == spec.seed
    assert 0 <= seen["all_seconds"] < 0.5 * record.seconds.training
