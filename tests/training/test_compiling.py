"""Compilation is rehearsed outside the training time, and changes nothing.

Compiled by torch with the backend that leaves the arithmetic as it is.
"""

import time
from functools import partial

import pytest
import torch
from torch import nn

from ensemble_switchover.runner import run
from ensemble_switchover.training import fit as fitting
from ensemble_switchover.training.callbacks import TimingCallback

UNMEASURED = ("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0")

pytestmark = pytest.mark.slow


@pytest.fixture
def compiled_eagerly(monkeypatch):
    """Let `network.compile()` take a backend without a compiler, and tell how often it was used."""
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    original = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self: original(self, backend=backend))
    torch._dynamo.reset()
    yield graphs
    torch._dynamo.reset()


@pytest.mark.parametrize(
    ("execution", "nesterov"), [("sequential", "false"), ("sequential", "true"), ("fused", "true")]
)
def test_a_compiled_run_is_the_run_uncompiled(tiny_spec, compiled_eagerly, execution, nesterov):
    overrides = (
        "design=deq",
        "k=2",
        "budget.depth=8",
        "budget.width=8",
        "epochs=2",
        "precision=64",
        f"recipe.nesterov={nesterov}",
        *UNMEASURED,
    )
    records = []
    for compiled in ("false", "true"):
        spec, config = tiny_spec(*overrides, f"execution={execution}", f"compile={compiled}")
        records.append(run.train_and_measure(spec, config))
    assert compiled_eagerly
    plain, compiled = records
    assert [epoch.compile_seconds for epoch in plain.epochs] == [0, 0]
    assert compiled.epochs[0].compile_seconds > 0
    assert compiled.epochs[1].compile_seconds == 0
    for one, other in zip(plain.epochs, compiled.epochs, strict=True):
        assert other.nll_nats == pytest.approx(one.nll_nats, rel=1e-9)
        assert other.member_nll_nats == pytest.approx(one.member_nll_nats, rel=1e-9)


def test_its_time_is_told_apart(tiny_spec, compiled_eagerly, monkeypatch):
    now = [0.0]
    callback = partial(TimingCallback, clock=lambda: now[0])
    monkeypatch.setattr(fitting, "TimingCallback", callback)
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    from ensemble_switchover.training.execution.sequential import Sequential

    original = Sequential.rehearse

    def slow(self, *batch):
        now[0] += 10.0
        original(self, *batch)

    monkeypatch.setattr(Sequential, "rehearse", slow)
    spec, config = tiny_spec(
        "design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2",
        "execution=sequential", "compile=true", *UNMEASURED,
    )  # fmt: skip
    first, second = run.train_and_measure(spec, config).epochs
    # of 40 images in batches of 16 the last is smaller: two kinds of step for each of two members
    assert first.compile_seconds == pytest.approx(4 * 10.0)
    assert first.training_seconds == 0
    assert second.compile_seconds == 0


def test_many_designs_in_one_process_are_all_compiled(tiny_spec, compiled_eagerly, monkeypatch):
    """Torch compiles so many graphs of a piece of code, and then silently none."""
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 3)
    for width in (4, 5):
        before = len(compiled_eagerly)
        spec, config = tiny_spec(
            "budget.depth=8", f"budget.width={width}", "execution=sequential", "compile=true",
            *UNMEASURED,
        )  # fmt: skip
        run.train_and_measure(spec, config)
        assert len(compiled_eagerly) - before >= 3  # training, its last batch, evaluation
