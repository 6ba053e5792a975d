import pytest

from ensemble_switchover.runner import run
from tests.factories import make_record


@pytest.fixture
def spec(tiny_spec):
    """Resolve a small run, with its configuration."""
    return tiny_spec("budget.depth=8", "budget.width=4")


@pytest.fixture
def trainings(monkeypatch):
    """Count the trainings, each of which gives a made-up record at once."""
    calls = []

    def train(spec, config, *, concurrent_jobs, log, keep):
        calls.append(spec.name)
        keep("weights.safetensors", b"of two members")
        return make_record(name=spec.name)

    monkeypatch.setattr(run, "train_and_measure", train)
    return calls
