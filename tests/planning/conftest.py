"""An example machine, and runs of every state to plan on it."""

import pytest

from ensemble_switchover.planning import basis
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record
from tests.planning.synthetic import HERE


@pytest.fixture
def example_machine(monkeypatch):
    """Plan for a CPU of a known name and memory, whatever this machine is."""
    monkeypatch.setattr(basis, "processor_name", lambda: "Example CPU")
    monkeypatch.setattr(basis, "main_memory_bytes", lambda: 2**34)


@pytest.fixture
def specs(tiny_spec):
    """Runs of four seeds: finished, failed, damaged, absent."""
    runs = [tiny_spec(f"seed={seed}", "epochs=3")[0] for seed in range(4)]
    write_record(
        runs[0].folder, make_record(epoch_seconds=[9, 2, 4], environment=HERE, latencies={})
    )
    write_failure(runs[1].folder, runs[1].name, "reason")
    runs[2].folder.mkdir(parents=True)
    (runs[2].folder / RECORD_FILE).write_text("{")
    return runs
