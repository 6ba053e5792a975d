"""What every engine of a sweep must give: the records of the study `smoke`, and how to compare."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path

from ensemble_switchover.results.store import read_records
from tests import program

REPOSITORY = Path(__file__).parents[1]
PATIENCE_SECONDS = 600
"""Many times what a test of an engine takes."""

SMOKE = ("sweep=smoke", "budget.network=14x8", "sweep.together=seeds")
"""Six runs of the study `smoke`: two seeds of each design class, trained together."""

LONG_RUN = (
    "--multirun", "dataset=digits", "logger=none", "device=cpu", "threads=1", "epochs=60",
    "execution=sequential", "design=deq", "k=2", "budget.network=14x8",
    "dataset.test_size=100", "measurement.latency_batch_sizes=[]",
)  # fmt: skip
"""A sweep of one run that can be caught in the middle."""


@contextmanager
def patience():
    """End a test that waits for an engine that never answers."""

    def end(number, frame):
        raise TimeoutError(f"no end after {PATIENCE_SECONDS} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(PATIENCE_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def start(folder, *overrides, environment=None, module="ensemble_switchover"):
    """Start a sweep in a folder."""
    folder.mkdir(exist_ok=True)
    found = {**(environment or os.environ), "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    return program.start(*overrides, folder=folder, module=module, environment=found)


def run(folder, *overrides, environment=None):
    """Run a sweep in a folder, and return what it says."""
    process = start(folder, *overrides, environment=environment)
    said = "".join(process.communicate())
    assert process.returncode == 0, said
    return said


def outcomes(folder):
    """Return what every run of a folder learned, without its seconds."""
    found = read_records(folder / "results")
    assert not found.unreadable
    return {
        record.name: [
            (
                epoch.epoch,
                epoch.train_loss_nats,
                epoch.error_percent,
                epoch.member_error_percent,
                epoch.nll_nats,
            )
            for epoch in record.epochs
        ]
        for record in found.records
    }


def has_checkpoint(folder):
    """Tell whether a run of a folder has a checkpoint to go on from."""
    return any(folder.glob("results/*/.unfinished/*/checkpoints/*.checkpoint"))


def log_of(folder):
    """Return the log of the only run of a folder."""
    (path,) = folder.rglob("run.log")
    return path.read_text()
