"""Time a sweep of 2,000 runs of which none, or one, is left to do.

The record of one tiny run is written under the names of all runs. The time is that of the whole
command with its start and, where one run is left, with the import of torch and the training.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.console import Console
from rich.table import Table

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.schema import plain
from ensemble_switchover.config.study import resolve_study
from ensemble_switchover.machine.hardware import num_processors, processor_name
from ensemble_switchover.results.from_run_spec import budget_record, design_record
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record, write_record
from ensemble_switchover.runner.job import run_job

OVERRIDES = (
    "arch=resnet", "dataset=digits", "logger=none", "device=cpu", "threads=1", "epochs=1",
    "dataset.train_size=40", "dataset.test_size=60", "measurement.latency_batch_sizes=[1]",
    "record.weights=false",
    "budget.width=range(4,24)", "design=single,deq", "k=2,3,4", "seed=range(0,25)",
)  # fmt: skip
REPEATS = 3
GOAL_SECONDS = 30


def main() -> None:
    """Write the records, time the commands and print a table."""
    register_schemas()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        ((_, configs),) = compose_overrides(OVERRIDES)
        study = resolve_study(configs)
        first, config = study.specs[0], configs[study.first_asked[0]]
        run_job(first, config, concurrent_jobs=1)
        record = read_record(first.folder / RECORD_FILE)
        for spec, number in zip(study.specs, study.first_asked, strict=True):
            own = replace(
                record,
                name=spec.name,
                fingerprint=spec.fingerprint,
                training_fingerprint=spec.training_fingerprint,
                budget=budget_record(spec),
                design=design_record(spec),
                config=plain(configs[number]),
            )
            write_record(spec.folder, own)
        finished = [_seconds() for _ in range(REPEATS)]
        one_left = []
        for _ in range(REPEATS):
            shutil.rmtree(first.folder)
            one_left.append(_seconds())
    table = Table(title=f"A sweep of {len(study.specs):,} runs ({study.num_asked:,} asked for)")
    for name in ("Left to do", "Seconds, median", "Least", "Most", f"Goal: {GOAL_SECONDS} s"):
        table.add_column(name, justify="right")
    for name, seconds in (("none", finished), ("1 run", one_left)):
        met = "met" if median(seconds) < GOAL_SECONDS else "missed"
        figures = (median(seconds), min(seconds), max(seconds))
        table.add_row(name, *(f"{figure:.1f}" for figure in figures), met)
    Console().print(table)
    print(
        f"{processor_name()}, {num_processors()} processors, Python {sys.version.split()[0]}, "
        f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f}; {REPEATS} repeats"
    )


def _seconds() -> float:
    begin = perf_counter()
    command = [
        sys.executable,
        "-m",
        "ensemble_switchover",
        "--multirun",
        *OVERRIDES,
        "record.weights=false",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path.cwd())
    return perf_counter() - begin


if __name__ == "__main__":
    main()
