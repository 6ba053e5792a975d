"""The progress of a sweep: reports every run that ends, from the store, under any launcher."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ensemble_switchover.config.evaluated_epochs import evaluation_costs
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.terminal import (
    TERMINAL_WIDTH,
    ShownTable,
    count,
    duration,
    print_table,
    printable,
    replace_unknown_characters,
)
from ensemble_switchover.planning.cost import relative_training_cost
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.epoch_log import epochs_logged
from ensemble_switchover.results.layout import unfinished_folder
from ensemble_switchover.results.lock import holder_of
from ensemble_switchover.results.state import (
    RunState,
    count_begun,
    ended_state,
    failure_of,
    failure_stamp,
    num_epochs_kept,
)
from ensemble_switchover.sweep.progress_lines import (
    count_progress,
    describe_ending,
    failure_rows,
    name_run,
    status_seconds,
    swept_words,
)
from ensemble_switchover.sweep.worklist import Training, Worklist, failures_of_shared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.study import Study

PROGRESS_POLL_SECONDS = 0.5


@dataclass(slots=True)
class Tally:
    """What the runs of a study have come to in this sweep."""

    trained: list[RunSpec] = field(default_factory=list)
    shared: list[RunSpec] = field(default_factory=list)
    failed: dict[str, tuple[RunSpec, str]] = field(default_factory=dict)
    """The runs that failed, by name, each with the reason."""


class SweepProgress(threading.Thread):
    """Follows the runs of a worklist in the store, and reports those that end."""

    def __init__(
        self,
        study: Study,
        worklist: Worklist,
        *,
        concurrent_jobs: float,
        share: Callable[[RunSpec, Path], None],
    ) -> None:
        """Report what is there; `start` begins to follow.

        Args:
            study: The runs.
            worklist: Which of them are to be launched.
            concurrent_jobs: Runs at a time on this machine, on average; 1 for a cluster, where the
                locks show how many there are.
            share: Writes the record of a run from the folder of another run's.
        """
        super().__init__(daemon=True)
        replace_unknown_characters()
        self.study = study
        self.worklist = worklist
        self.tally = Tally(failed=dict(worklist.failed))
        self.pending: dict[str, Training] = {}
        self.console = Console(highlight=False, soft_wrap=True)
        self._concurrent_jobs = concurrent_jobs
        self._share = share
        self._begin = self._last_report = time.monotonic()
        self._work_done = 0.0
        self._seconds_done = 0.0
        self._stamps: dict[str, int | None] = {}
        self._ended = threading.Event()
        self._updating = threading.Lock()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[status]}"),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )
        self._title = study.specs[0].study
        self._several_families = len({spec.family.name for spec in study.specs}) > 1
        self._swept = swept_words(study.specs)
        self._task = self._progress.add_task(self._title, total=len(study.specs), status="")
        self._report_beginning()
        for training in worklist.trainings:
            self.add(training)

    def add(self, training: Training) -> None:
        """Follow a training too."""
        self.pending[training.lead.name] = training
        self._stamps[training.lead.name] = failure_stamp(training.lead.folder)

    @property
    def num_missing(self) -> int:
        """Runs of this sweep without a record."""
        waiting = sum(len(training.specs) for training in self.pending.values())
        return len(self.tally.failed) + waiting + len(self.worklist.left_out)

    def run(self) -> None:
        """Update until `stop`."""
        with self._progress:
            while not self._ended.wait(PROGRESS_POLL_SECONDS):
                self.update()
                now = time.monotonic()
                if now - self._last_report > status_seconds(now - self._begin):
                    self._report(f"{self._title}: {self._status()}")

    def update(self) -> None:
        """Take in and report what has ended since the last update."""
        with self._updating:
            folders = {training.lead.study_folder for training in self.pending.values()}
            names = {name for folder in folders for name in names_in(folder)}
            for training in list(self.pending.values()):
                if training.lead.name in names:
                    self._take_in(training)

    def stop(self) -> None:
        """Stop following, and leave the terminal as it was."""
        self._ended.set()
        if self.is_alive():
            self.join()

    def give_up(self, spec: RunSpec, reason: str) -> None:
        """Count a pending run as failed that left no failure behind."""
        with self._updating:
            training = self.pending.pop(spec.name)
            self.tally.failed |= failures_of_shared(spec, reason, training.specs)

    def waiting(self) -> list[RunSpec]:
        """Return the pending runs that no process works on."""
        leads = [training.lead for training in self.pending.values()]
        return [spec for spec in leads if holder_of(unfinished_folder(spec.folder)) is None]

    def finish(self) -> None:
        """Stop following, and report what came of the sweep."""
        self.stop()
        self.update()
        tally, worklist = self.tally, self.worklist
        waiting = sum(len(training.specs) for training in self.pending.values())
        self._report(
            f"{len(tally.trained)} runs trained in {duration(time.monotonic() - self._begin)}, "
            f"{len(tally.shared)} shared, {len(worklist.finished)} reused, {len(tally.failed)} "
            f"failed, {waiting + len(worklist.left_out)} left; "
            f"records in {self.study.specs[0].study_folder}"
        )
        for training in self.pending.values():
            hold = holder_of(unfinished_folder(training.lead.folder))
            if hold is not None:
                self._report(f"  running: {training.lead.name}: {hold}")
        if worklist.left_out:
            self._report("What never began is left; the same command without retry=failed runs it.")
        if tally.failed:
            rows = failure_rows([(spec.name, reason) for spec, reason in tally.failed.values()])
            console = Console(highlight=False)
            if not console.is_terminal:
                console.width = TERMINAL_WIDTH
            print_table(console, ShownTable("", ("Run", "Why"), rows, 2), "Failed")
            self._report(
                "Logs are in the runs' folders. retry=failed runs what failed again, no others; "
                "the same command goes on with what was stopped."
            )

    def _report_beginning(self) -> None:
        study, worklist = self.study, self.worklist
        spared = len(worklist.shares) + sum(len(entry.others) for entry in worklist.trainings)
        sharing = f", {spared} share the training of another" if spared else ""
        self._report(
            f"{self._title}: {count(len(study.specs), 'run')}, {len(worklist.finished)} of them "
            f"finished before{count_begun(worklist.states.values())}{sharing}"
        )
        for hole in study.impossible:
            self._report(f"  no such design: {hole}")
        for cost in evaluation_costs(study.specs):
            self._report(f"  {cost}")

    def _take_in(self, training: Training) -> None:
        spec = training.lead
        state = ended_state(spec.folder)
        if state is RunState.FINISHED:
            del self.pending[spec.name]
            self.tally.trained.append(spec)
            result = self._read(spec)
            self._share_with(training)
            self._report(f"{self._label(spec)}: {result}  [{self._status()}]")
        elif state is RunState.FAILED and failure_stamp(spec.folder) != self._stamps[spec.name]:
            del self.pending[spec.name]
            reason = failure_of(spec.folder)
            self.tally.failed |= failures_of_shared(spec, reason, training.specs)
            self._report(f"{self._label(spec)}: FAILED: {reason}  [{self._status()}]")

    def _share_with(self, training: Training) -> None:
        for spec in training.others:
            try:
                self._share(spec, training.lead.folder)
            except RecordError as error:
                self.tally.failed[spec.name] = (spec, str(error))
            except OSError as error:
                self.tally.failed[spec.name] = (spec, sentence_of(error))
            else:
                self.tally.shared.append(spec)

    def _read(self, spec: RunSpec) -> str:
        try:
            document = read_document(spec.folder)
        except RecordError as error:
            return str(error)
        self._work_done += relative_training_cost(spec)
        self._seconds_done += document.record.wall_seconds
        return describe_ending(document)

    def _label(self, spec: RunSpec) -> str:
        swept = self._swept.get(spec.name, "")
        return name_run(spec, with_family=self._several_families, swept=swept)

    def _report(self, line: str) -> None:
        self._last_report = time.monotonic()
        self.console.print(printable(line), markup=False)

    def _status(self) -> str:
        tally = self.tally
        done = len(self.worklist.finished) + len(tally.trained) + len(tally.shared)
        leads, jobs = self._under_way()
        ended = [found for spec in leads if (found := epochs_logged(spec.folder)) is not None]
        status = count_progress(
            done,
            len(self.study.specs),
            len(leads),
            jobs,
            len(tally.failed),
            self._time_left(jobs),
            ended,
        )
        self._progress.update(self._task, completed=done + len(tally.failed), status=status)
        return status

    def _under_way(self) -> tuple[list[RunSpec], int]:
        """Return the runs that processes work on, and the number of these processes."""
        leads = [training.lead for training in self.pending.values()]
        holds = [(spec, holder_of(unfinished_folder(spec.folder))) for spec in leads]
        held = [(spec, hold.owner) for spec, hold in holds if hold is not None]
        owners = [owner for _, owner in held]
        return [spec for spec, _ in held], len(set(owners) - {None}) + owners.count(None)

    def _time_left(self, jobs: int) -> float:
        """Estimate the seconds until the end; 0 where nothing is known yet.

        The seconds of a run that was trained with others are its share of theirs. So seeds that are
        trained together count as one job at a time.
        """
        if not self._work_done:
            return 0.0
        to_do = sum(_work_left(training.lead) for training in self.pending.values())
        return self._seconds_done / self._work_done * to_do / max(self._concurrent_jobs, jobs)


def _work_left(spec: RunSpec) -> float:
    """Return the relative cost of the epochs that a run has not kept yet."""
    logged, _ = epochs_logged(spec.folder) or (0, 0)
    share = 1.0 - max(logged, num_epochs_kept(spec.folder)) / spec.recipe.epochs
    return max(0.0, share) * relative_training_cost(spec)


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, none if it does not exist."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return []
