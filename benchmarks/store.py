"""Time listing, querying, reading and reporting many records.

`python -m benchmarks.store --runs 20000` writes 20,000 made-up runs of 20 epochs to a temporary
folder.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from contextlib import redirect_stdout
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ensemble_switchover.errors import DesignError
from ensemble_switchover.machine.hardware import num_processors, processor_name
from ensemble_switchover.report import main as report_main
from ensemble_switchover.results.run_table import list_runs, select_runs
from ensemble_switchover.results.store import read_records, write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ensemble_switchover.results.record import Record

NUM_EPOCHS = 20
WIDTHS = range(16, 35)
MEMBERS = (2, 4, 8)
SEEDS = range(10)
WHERE = "design_class='deq' and k > 2 and error_percent < 20"


def records() -> Iterator[Record]:
    """Make runs of ResNets of every design class, width, k and seed, one data set after another."""
    for number in count():
        name = f"data-{number:02d}"
        for width in WIDTHS:
            for seed in SEEDS:
                yield _record(name, width, seed, "single", 1)
                for k in MEMBERS:
                    for design_class in ("deq", "weq"):
                        try:
                            yield _record(name, width, seed, design_class, k)
                        except DesignError:  # the rule has no design
                            continue


def _record(dataset: str, width: int, seed: int, design_class: str, k: int) -> Record:
    gain = {"single": 0.0, "deq": 0.2, "weq": 0.3}[design_class] * (width - 20)
    errors = [40.0 / epoch + 10 - gain + 0.3 * seed % 1 for epoch in range(1, NUM_EPOCHS + 1)]
    name = f"resnet_{dataset}_26x{width}_{design_class}_k{k}_seed{seed}"
    return make_record(
        design_class=design_class,  # type: ignore[arg-type]
        width=width,
        seed=seed,
        k=k,
        test_errors=errors,
        dataset={"name": dataset},
        name=name,
        study=dataset,
    )


def report_on(root: Path, out: Path) -> None:
    """Run the report command.

    Raises:
        SystemExit: if it fails.
    """
    if report_main([str(root), "--out", str(out)]):
        raise SystemExit("the report failed")


def seconds_of(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    begin = perf_counter()
    work()
    return perf_counter() - begin


def main() -> None:
    """Print one line per task."""
    parser = argparse.ArgumentParser(prog="benchmarks/store.py", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    num_runs = parser.parse_args().runs
    folder = Path(tempfile.mkdtemp(prefix="ensemble_switchover_store_"))
    flush, os.fsync = os.fsync, lambda fd: None  # noqa: ARG005 the files need not survive a loss of power
    try:
        for record in islice(records(), num_runs):
            write_record(folder / "results" / record.study / record.name, record)
        os.fsync = flush
        root = folder / "results"
        runs = list_runs(root)
        tasks: dict[str, Callable[[], object]] = {
            "list": lambda: list_runs(root),
            "ask in SQL": lambda: select_runs(runs, WHERE),
            "read with all epochs": lambda: read_records(root),
            "report": lambda: report_on(root, folder / "report"),
        }
        for name, work in tasks.items():
            with redirect_stdout(io.StringIO()):
                seconds = seconds_of(work)
            print(f"{num_runs:,} runs of {NUM_EPOCHS} epochs, {name}: {seconds:.2f} s")
    finally:
        shutil.rmtree(folder)
    load = os.getloadavg()[0]
    print(f"{processor_name()}, {num_processors()} processors, load {load:.1f}")


if __name__ == "__main__":
    main()
