"""Measurements after training: what is left out, and what costs no run."""

import torch

from ensemble_switchover.runner import final_measurements as measuring
from ensemble_switchover.runner import run


def test_layers_are_not_timed_where_that_is_not_asked_for(tiny_spec):
    spec, config = tiny_spec(
        "budget.depth=8",
        "budget.width=4",
        "measurement.layer_repeats=0",
        "measurement.latency_batch_sizes=[]",
    )
    record = run.train_and_measure(spec, config)
    assert record.layer_times == []
    assert record.latencies == []


def test_want_of_memory_after_training_costs_a_measurement_and_not_the_run(
    tiny_spec, monkeypatch, caplog
):
    def greedy(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(measuring, "measure_layer_times", greedy)
    monkeypatch.setattr(measuring, "predictor_of_normalised", greedy)
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8")
    record = run.train_and_measure(spec, config)
    assert record.layer_times == []
    assert {(entry.model, entry.execution) for entry in record.latencies} == {
        ("run", "sequential"),
        ("single", "sequential"),
    }
    assert caplog.messages == [
        "inference, fused, does not fit into memory; left out",
        "inference, parallel, does not fit into memory; left out",
        "the timing of layers does not fit into memory; left out",
    ]
