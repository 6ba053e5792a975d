"""A study of ResNets on fractals at three difficulties: `sweep=fractals` with seeds together."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_day.cost_records import RUNS_FOLDER
from benchmarks.gpu_day.ending import end_with_parent
from benchmarks.gpu_day.item import REPOSITORY, CutOff, Item, Stage
from ensemble_switchover.results.store import read_records

if TYPE_CHECKING:
    from benchmarks.gpu_day.item import Circumstances, Settings

STUDY = "fractals"
DIFFICULTIES = {False: ("0.3", "0.7", "0.5"), True: ("0.3", "0.7")}
"""By whether the day is tiny; the ends first, which differ most."""
BUDGETS = {False: ("20x8", "20x12", "20x16", "26x16", "26x24"), True: ("8x4",)}
SEEDS = {False: 3, True: 1}
DESIGNS = {False: ("single", "deq", "weq"), True: ("single",)}
OVERRIDES = {
    False: (
        "k=4", "epochs=10", "dataset.train_images=2560", "dataset.test_images=2000",
        "measurement.latency_batch_sizes=[128]", "measurement.latency_seconds=0.1",
    ),
    True: (
        "k=2", "epochs=1", "dataset.train_images=48", "dataset.test_images=32", "threads=1",
        "measurement.latency_batch_sizes=[]", "recipe.batch_size=16",
    ),
}  # fmt: skip
SECONDS_TO_END = 6.0
"""Between the request that the sweep ends and its end by force."""


def measure_difficulty(difficulty: str, here: Circumstances) -> dict[str, Any]:
    """Run the sweep of one difficulty, or what is missing of it.

    Returns:
        How many of its runs are finished; the errors are in their records.

    Raises:
        CutOff: if the time ended it; its runs are kept, and the same command goes on.
        RuntimeError: if the sweep failed.
    """
    results = here.folder / RUNS_FOLDER
    command = [
        sys.executable, "-m", "ensemble_switchover", f"sweep={STUDY}", "sweep.together=seeds",
        "sweep.page=false", f"dataset.difficulty={difficulty}",
        f"budget.network={','.join(BUDGETS[here.tiny])}",
        f"design={','.join(DESIGNS[here.tiny])}",
        f"seed={','.join(str(seed) for seed in range(SEEDS[here.tiny]))}",
        "measurement.layer_repeats=0", "record.weights=false",
        f"results={results}", *OVERRIDES[here.tiny],
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=REPOSITORY, preexec_fn=end_with_parent)
    try:
        code = process.wait(max(1.0, here.seconds_left - SECONDS_TO_END))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait()  # or the day ends both
        finished = len(runs_of(here, difficulty))
        raise CutOff(f"{finished} runs were finished when the time was over") from None
    if code != 0:
        raise RuntimeError(f"the sweep ended with exit code {code}: see day.log")
    return {"finished_runs": len(runs_of(here, difficulty))}


def runs_of(here: Circumstances, difficulty: str) -> list[str]:
    """Name the finished runs of a difficulty."""
    study = here.folder / RUNS_FOLDER / STUDY
    return [
        record.name
        for record in (read_records(study).records if study.is_dir() else ())
        if record.dataset.options.get("difficulty") == float(difficulty)
    ]


def study_item(difficulty: str) -> str:
    """Name the part of a difficulty."""
    return f"study: {STUDY}, difficulty {difficulty}"


def make_stage(settings: Settings) -> Stage:
    """Make the stage."""
    items = tuple(
        Item(study_item(each), partial(measure_difficulty, each), limit_seconds=240)
        for each in DIFFICULTIES[settings.tiny]
    )
    return Stage("study", 0.2, items)
