"""Time a study whose seeds are trained apart, and the same one with its seeds trained together.

Both are whole commands, run one after the other in each round, in a folder of their own: `make
demo`'s sweep, and that of the ResNets on digits. The table has the wall clock, and where the
seconds of all runs went, by the records.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.common import conditions_text
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.results.store import read_records
from ensemble_switchover.training.device import choose_device

SWEEPS = {"demo": 2.0, "digits_resnet": 1.5}
"""Sweep -> how many times as fast it should be."""
SIDES = ("none", "auto")
"""Values of `sweep.together` that are compared; the first is the reference."""
PARTS = ("training", "evaluation", "timing", "measuring", "keeping", "choosing", "rest", "waiting")


def time_sweep(sweep: str, together: str, overrides: list[str]) -> tuple[float, Counter[str]]:
    """Run a sweep in an empty folder; return its wall clock and the seconds of its runs by part.

    Raises:
        CalledProcessError: if it does not end well.
    """
    command = [sys.executable, "-m", "ensemble_switchover", f"sweep={sweep}", *overrides]
    with TemporaryDirectory() as folder:
        cached = f"dataset.cache={folder}/cache"
        begin = perf_counter()
        subprocess.run(
            [*command, f"sweep.together={together}", cached, f"results={folder}/results"],
            check=True,
            capture_output=True,
        )
        wall = perf_counter() - begin
        parts: Counter[str] = Counter()
        for record in read_records(Path(folder) / "results").records:
            if record.shared_from is None and record.seconds is not None:
                parts.update(asdict(record.seconds))
    return wall, parts


def time_both(
    sweep: str, rounds: int, overrides: list[str]
) -> tuple[dict[str, list[float]], dict[str, Counter[str]]]:
    """Time both sides of a sweep alternately; return wall clocks, and the seconds by part."""
    walls: dict[str, list[float]] = {side: [] for side in SIDES}
    parts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for number in range(rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            wall, seconds = time_sweep(sweep, side, overrides)
            walls[side].append(wall)
            parts[side].update(seconds)
    return walls, parts


def make_table(sweep: str, walls: dict[str, list[float]], parts: dict[str, Counter[str]]) -> Table:
    """Make the table of a sweep: the wall clock, and the parts a round, summed over the runs."""
    apart, together = SIDES
    ratios = [one / two for one, two in zip(walls[apart], walls[together], strict=True)]
    table = Table(title=f"sweep={sweep}: {median(ratios):.2f} times (goal {SWEEPS[sweep]:g})")
    for column in ("seconds", *(f"together={side}" for side in SIDES)):
        table.add_column(column, justify="left" if column == "seconds" else "right")
    table.add_row("wall clock", *(f"{median(walls[side]):.0f}" for side in SIDES))
    for part in PARTS:
        of_round = (parts[side][part] / len(walls[side]) for side in SIDES)
        table.add_row(part, *(f"{seconds:.0f}" for seconds in of_round))
    return table


def main() -> None:
    """Time both sides of each sweep alternately and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks/study.py", description=__doc__)
    parser.add_argument("--only", choices=SWEEPS, help="one of the sweeps")
    parser.add_argument("--rounds", type=int, default=1, help="rounds of both sides (%(default)s)")
    parser.add_argument("overrides", nargs="*", help="further overrides of both, such as epochs=2")
    given = parser.parse_args()
    tables = [
        make_table(sweep, *time_both(sweep, given.rounds, given.overrides))
        for sweep in SWEEPS
        if given.only in (None, sweep)
    ]
    console = Console(highlight=False)
    for table in tables:
        console.print(table)
    environment = describe_environment(choose_device("auto"))
    console.print(conditions_text(environment, f"{given.rounds} rounds, whole commands"))
    console.print("Parts are summed over the runs; two runs, or jobs of several, go on at a time.")


if __name__ == "__main__":
    main()
