"""A sweep: every run of it known beforehand, one failure never stopping the others.

The parent process watches the store, so the same lines come under every launcher.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ensemble_switchover.cell import Cell, resolve
from ensemble_switchover.command import EXIT_FAILURE, EXIT_USAGE
from ensemble_switchover.complaints import explain
from ensemble_switchover.composition import compose_runs, expand, sweep_lines
from ensemble_switchover.errors import DesignError, RecordError, TrainingError
from ensemble_switchover.job import Ending, run_cell
from ensemble_switchover.layout import unfinished_folder
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.state import (
    RunState,
    count_begun,
    ended_state,
    failure_of,
    failure_stamp,
    run_state,
)
from ensemble_switchover.results.wandb_login import wandb_is_offline
from ensemble_switchover.study import Study, resolve_study
from ensemble_switchover.terminal import duration

if TYPE_CHECKING:
    from ensemble_switchover.config import Config
    from ensemble_switchover.results.document import Document

POLL_SECONDS = 0.5
LAYER_OVERHEAD_FLOPS = 2e7
"""Operations that cost about as much as starting one layer; only the time left rests on it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A study, and how it is run."""

    study: Study
    wandb_offline: bool
    """True if the runs are logged to W&B, without a connection."""
    retry: str
    concurrent_jobs: int


@dataclass(slots=True)
class Tally:
    """What the runs of a study have come to so far."""

    finished: list[Cell] = field(default_factory=list)
    failed: list[Cell] = field(default_factory=list)
    reused: int = 0


def run_job(config: Config, concurrent_jobs: int) -> str:
    """Run one job of a sweep; whatever goes wrong is told, and the sweep goes on."""
    try:
        cell = resolve(config)
        outcome = run_cell(
            cell, config, concurrent_jobs=concurrent_jobs, tell=_say_nothing, warn=_complain
        )
    except DesignError:
        return "impossible"
    except TrainingError:
        return "failed"  # the store has it, and the watch tells
    except Exception as error:  # noqa: BLE001 - the other runs shall go on
        _complain(f"{type(error).__name__}: {error}")
        return "failed"
    if outcome.ending is Ending.BUSY:
        _complain(outcome.line)
    return str(outcome.ending.value)


def _say_nothing(line: str) -> None:
    del line


def _complain(line: str) -> None:
    print(line, file=sys.stderr)


class SweepProgress(Callback):
    """Hydra's hooks around a sweep, called in the parent process."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Resolve every run before the first starts, and begin to watch the store."""
        try:
            plan = plan_sweep(config)
        except Exception as error:  # noqa: BLE001 - Hydra would only warn of it
            print(explain(error), file=sys.stderr)
            sys.exit(EXIT_USAGE)
        _Watch.current = _Watch(plan)
        _Watch.current.start()
        if not _Watch.current.pending:  # spare Hydra composing every run only to reuse it
            _Watch.current.finish()
            sys.exit(EXIT_FAILURE if unfinished_of_this_process() else 0)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Tell what came of it."""
        if _Watch.current is not None:
            _Watch.current.finish()


def unfinished_of_this_process() -> int:
    """Count the failed and missing runs of the sweep that this process started, if it did."""
    watch = _Watch.current
    return 0 if watch is None else len(watch.tally.failed) + len(watch.pending)


def stop_watching() -> None:
    """Leave the terminal as it was, after an interruption."""
    if _Watch.current is not None:
        _Watch.current.stop()


def plan_sweep(config: DictConfig) -> Plan:
    """Compose and resolve every run of a sweep.

    Raises:
        ConfigError: if the configuration of a run is wrong; a design that does not exist at its
            budget is not an error in a sweep but a hole.
    """
    configs = compose_runs(expand(sweep_lines(config, config.hydra.overrides.task)))
    logger, retry = configs[-1].logger, configs[-1].retry
    return Plan(
        resolve_study(configs),
        logger.kind == "wandb" and wandb_is_offline(logger.mode),
        retry,
        concurrent_jobs(config.hydra.launcher),
    )


def concurrent_jobs(launcher: DictConfig) -> int:
    """Tell how many jobs a launcher runs at a time on this machine."""
    jobs = int(OmegaConf.select(launcher, "n_jobs", default=1))
    return jobs if jobs > 0 else (os.cpu_count() or 1)


def work(cell: Cell) -> float:
    """Estimate what a run costs, in operations; only ratios of it are used."""
    steps = cell.recipe.epochs * -(-cell.train_size // cell.recipe.batch_size)
    layers = steps * cell.design.k * cell.design.depth
    return cell.training_flops + LAYER_OVERHEAD_FLOPS * layers


class _Watch(threading.Thread):
    """Watches the store for the runs of a study and tells of each that ends."""

    current: _Watch | None = None

    def __init__(self, plan: Plan) -> None:
        super().__init__(daemon=True)
        self.plan = plan
        self.study = study = plan.study
        self.tally = Tally()
        self.console = Console(stderr=False, highlight=False, soft_wrap=True)
        self.begin = time.monotonic()
        self.work_done = 0.0
        self.seconds_done = 0.0
        self.pending = {cell.name: cell for cell in study.cells}
        self.stamps: dict[str, int | None] = {}
        self._ended = threading.Event()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(study.cells[0].study, total=len(study.cells), left="")
        self._take_stock()

    def run(self) -> None:
        with self._progress:
            while not self._ended.wait(POLL_SECONDS):
                self._look()

    def finish(self) -> None:
        """Stop watching and tell what came of the sweep."""
        self.stop()
        self._look()
        trained = len(self.tally.finished) - self.tally.reused
        seconds = time.monotonic() - self.begin
        folder = self.study.cells[0].study_folder
        self.console.print(
            f"{trained} runs trained in {duration(seconds)}, {self.tally.reused} reused, "
            f"{len(self.tally.failed)} failed, {len(self.pending)} left; records in {folder}"
        )
        for cell in self.pending.values():
            hold = holder_of(unfinished_folder(cell.folder))
            if hold is not None:
                self.console.print(f"  running: {cell.name}: {hold}", markup=False)
        for cell in self.tally.failed:
            self.console.print(f"  failed: {cell.name}: {failure_of(cell.folder)}", markup=False)
        if self.tally.failed:
            self.console.print("The same command with retry=failed tries these again.")

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()
        self.join()

    def _take_stock(self) -> None:
        states = []
        for cell in self.study.cells:
            state = run_state(cell.folder)
            states.append(state)
            self.stamps[cell.name] = failure_stamp(cell.folder)
            if state is RunState.FINISHED:
                self._close(cell, self.tally.finished)
            elif state is RunState.UNREADABLE or (
                state is RunState.FAILED and self.plan.retry != "failed"
            ):
                self._close(cell, self.tally.failed)
        self.tally.reused = len(self.tally.finished)
        self._progress.update(self._task, completed=self.tally.reused)
        self.console.print(
            f"{self.study.cells[0].study}: {len(self.study.cells)} runs, {self.tally.reused} of "
            f"them finished before{count_begun(states)}"
        )
        for line in self.study.impossible:
            self.console.print(f"  no such design: {line}", markup=False)
        if self.plan.wandb_offline and self.pending:
            folder = self.study.cells[0].study_folder
            self.console.print(
                f"W&B: offline, so the runs are kept on disk; send them: "
                f"wandb sync {folder}/wandb/offline-run-*"
            )

    def _look(self) -> None:
        for cell in list(self.pending.values()):
            state = ended_state(cell.folder)
            if state is RunState.FINISHED:
                self._close(cell, self.tally.finished)
                self._tell(f"{label(cell)}: {self._read(cell)}")
            elif state is RunState.FAILED and failure_stamp(cell.folder) != self.stamps[cell.name]:
                self._close(cell, self.tally.failed)
                self._tell(f"{label(cell)}: FAILED: {failure_of(cell.folder)}")

    def _read(self, cell: Cell) -> str:
        try:
            document = read_document(cell.folder)
        except RecordError as error:
            return str(error)
        self.work_done += work(cell)
        self.seconds_done += document.record.wall_seconds
        return ending(document)

    def _close(self, cell: Cell, ended: list[Cell]) -> None:
        ended.append(cell)
        del self.pending[cell.name]

    def _tell(self, line: str) -> None:
        done = len(self.study.cells) - len(self.pending)
        left = self._time_left()
        self._progress.update(self._task, completed=done, left=left)
        count = f"{done:{len(str(len(self.study.cells)))}d}/{len(self.study.cells)}"
        self.console.print(f"{count}  {line}" + (f"  [{left}]" if left else ""), markup=False)

    def _time_left(self) -> str:
        to_do = sum(work(cell) for cell in self.pending.values())
        if not to_do or not self.work_done:
            return ""
        seconds = self.seconds_done / self.work_done * to_do / self.plan.concurrent_jobs
        return f"about {duration(seconds)} left"


def label(cell: Cell) -> str:
    """Name a run briefly."""
    design, budget = cell.design, cell.budget
    return (
        f"{cell.family.name} {budget.depth}x{budget.width} {design.design_class.value} "
        f"k={design.k} ({design.depth}x{design.width}) seed {cell.seed}"
    )


def ending(document: Document) -> str:
    """Tell how a finished run ended."""
    record, error = document.record, document.summary.test_error_percent
    on = record.dataset.evaluated_on
    return f"{on} error {error:.2f} %, {duration(record.wall_seconds)}"
