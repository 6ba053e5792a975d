"""A run under way: what its epochs have given so far, its log and its checkpoints."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.schema import LoggerConfig
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.measurement.own_metrics import make_own_metrics
from ensemble_switchover.results.epoch_metrics import EpochRecord
from ensemble_switchover.results.layout import checkpoint_folder
from ensemble_switchover.results.store import dump_epochs, load_epochs
from ensemble_switchover.runner.kept_predictions import PredictionFiles
from ensemble_switchover.runner.measure_epoch import make_epoch_record
from ensemble_switchover.runner.run_seconds import RunSeconds
from ensemble_switchover.runner.setup import decide_plan
from ensemble_switchover.tracking.loggers import MetricLog
from ensemble_switchover.tracking.metrics import logged_config, run_facts
from ensemble_switchover.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from ensemble_switchover.training.checkpoint_pace import CheckpointPace
from ensemble_switchover.training.module import ResumePoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.measurement.own_metrics import OwnMetric
    from ensemble_switchover.runner.setup import Setup
    from ensemble_switchover.training.epoch_result import EpochResult, MemberState

_logger = logging.getLogger(__name__)


class ActiveRun:
    """A run from its beginning, or its newest checkpoint, until it is recorded."""

    plan: ExecutionPlan
    """How its members are executed when it is trained apart."""

    def __init__(
        self,
        spec: RunSpec,
        config: Config,
        *,
        log: MetricLog | None = None,
        keep: Callable[[str, bytes | Path], None] = lambda _, __: None,
        seconds: RunSeconds | None = None,
    ) -> None:
        """Take a resolved run.

        Args:
            spec: The run.
            config: The configuration it was resolved from; it is kept in the record.
            log: Is started, and given every epoch; by default metrics go to the record alone.
            keep: Is given the name of each file that belongs beside the record, and its content or
                path.
            seconds: Where its seconds go; by default it has waited since the run before.
        """
        self.spec = spec
        self.config = config
        self.log = log or MetricLog(LoggerConfig(kind="none"), spec)
        self.keep = keep
        self.seconds = seconds or RunSeconds()
        self.started_at = datetime.now(UTC)
        self.clock = start_clock()
        """Returns the seconds that this process has spent on the run."""
        self.former_seconds = 0.0
        """Seconds that former processes spent on it."""
        self.began_on: str | None = None
        """The timing environment of former processes, where it was another."""
        self.is_timed_apart = False
        """Whether its seconds and memory are those of a timing pass."""
        self.own_metrics: dict[str, OwnMetric] = {}
        """The user's own metrics, by their names."""
        self.epochs: list[EpochRecord] = []
        """Those of former processes included."""
        self.members: list[MemberState] = []
        """The members after the last epoch."""
        self.callbacks: dict[str, Any] = {}
        """The states of the user's callbacks after it."""
        self.stop_requested = False
        """Whether a callback has asked for the end of the training."""
        self.predictions = PredictionFiles(spec, config.record.predictions)
        self.pace = CheckpointPace()
        """Says after which epochs a checkpoint is written; runs in the same steps share one."""

    @property
    def num_epochs(self) -> int:
        """Epochs trained so far."""
        return len(self.epochs)

    @property
    def is_trained(self) -> bool:
        """Whether all epochs are trained, or callbacks have ended the training."""
        return self.num_epochs >= self.spec.recipe.epochs or self._is_stopped

    @property
    def _is_stopped(self) -> bool:
        point = self.resume_point
        return point is not None and point.is_stopped(self.spec.evaluated_epochs)

    @property
    def wall_seconds(self) -> float:
        """Seconds spent on the run so far."""
        return self.former_seconds + self.clock()

    @property
    def resume_point(self) -> ResumePoint | None:
        """The point from which training goes on; None at the beginning."""
        if not self.epochs:
            return None
        return ResumePoint(
            num_epochs=self.num_epochs,
            members=self.members,
            callbacks=self.callbacks,
            stop_requested=self.stop_requested,
        )

    def begin(
        self, setup: Setup, plan: ExecutionPlan | None = None, *, is_timed_apart: bool = False
    ) -> None:
        """Take up the newest checkpoint; a run keeps its plan in the same environment.

        Args:
            setup: What it computes with.
            plan: How its members are executed, where that is decided already.
            is_timed_apart: Whether its seconds and memory are those of a timing pass.

        Raises:
            ConfigError: if a metric of the user's own cannot be made.
        """
        taken = sorted(self.spec.metrics.keys() & {entry.name for entry in fields(EpochRecord)})
        if taken:
            raise ConfigError(f"metrics.{taken[0]}: every record has it; expected another name")
        self.own_metrics = make_own_metrics(self.spec.metrics, self.spec.task.num_classes)
        checkpoint = read_checkpoint(checkpoint_folder(self.spec.folder), self.spec.fingerprint)
        here = setup.timing_environment
        self.is_timed_apart = is_timed_apart
        if checkpoint is not None and checkpoint.timing_environment == here:
            self.plan = checkpoint.execution_plan
        else:
            self.plan = plan or decide_plan(self.spec, setup)
        if checkpoint is None:
            return
        if checkpoint.timing_environment != here and not is_timed_apart:
            self.began_on = checkpoint.timing_environment
            _logger.warning(
                f"begun on {self.began_on}, resumed on {here}: seconds and memory of this run are "
                f"of both"
            )
        self.former_seconds = checkpoint.wall_seconds
        self.seconds.add(checkpoint.seconds)
        self.epochs = load_epochs(checkpoint.rows)
        self.members = checkpoint.members
        self.callbacks = checkpoint.callbacks
        self.stop_requested = checkpoint.stop_requested

    def start_log(self, setup: Setup) -> None:
        """Start the log of metrics, with the epochs of former processes."""
        of_pass = self.is_timed_apart or any(epoch.together for epoch in self.epochs)
        environment = asdict(setup.environment)
        environment["times_of"] = "timing pass" if of_pass else "run"
        facts = run_facts(self.spec, self.plan, environment)
        self.log.start(logged_config(self.config, self.spec), facts)
        if self.epochs:
            _logger.info(f"going on after epoch {self.num_epochs} of {self.spec.recipe.epochs}")
        for epoch in self.epochs:
            self.log.epoch(epoch)

    def add_epoch(
        self, result: EpochResult, split: SplitImages, setup: Setup, *, together: bool = False
    ) -> None:
        """Take in an epoch: log it, keep its predictions if they are asked for, and checkpoint it.

        Short epochs are not all checkpointed (`training.checkpoint_pace`).

        Args:
            result: The result of the epoch, of this run's members.
            split: The images.
            setup: What it was computed with.
            together: Whether other seeds were trained in the same steps.
        """
        self.seconds.add(
            {"training": result.training_seconds, "evaluation": result.evaluation_seconds}
        )
        with self.seconds.part("keeping"):
            labels, recipe = split.test.labels, self.spec.recipe
            epoch = make_epoch_record(
                result,
                labels,
                recipe,
                len(split.train),
                own_metrics=self.own_metrics,
                together=together,
            )
            self.epochs.append(epoch)
            self.members = result.members
            self.callbacks, self.stop_requested = result.callbacks, result.stop_requested
            self.log.epoch(epoch, result.logged)
            line = _epoch_line(epoch, recipe.epochs, self.spec.sizes.evaluated_on)
            _logger.info(line, extra={"epoch": epoch})  # for who shows it otherwise
            if self._is_stopped:
                _logger.info(f"stopped by a callback after epoch {epoch.epoch} of {recipe.epochs}")
            self.predictions.add(result, labels, is_last=self.is_trained)
            if self.is_trained or self.pace.is_due(result.epoch):
                self._write_checkpoint(setup)
                self.pace.tried()

    def _write_checkpoint(self, setup: Setup) -> None:
        """Write a checkpoint after an epoch; a full disk costs the checkpoint, never the run."""
        checkpoint = Checkpoint(
            fingerprint=self.spec.fingerprint,
            num_epochs=self.num_epochs,
            members=self.members,
            execution_plan=self.plan,
            timing_environment=setup.timing_environment,
            rows=dump_epochs(self.epochs),
            wall_seconds=self.wall_seconds,
            seconds=dict(self.seconds.parts),
            callbacks=self.callbacks,
            stop_requested=self.stop_requested,
        )
        try:
            write_checkpoint(checkpoint_folder(self.spec.folder), checkpoint)
        except OSError as error:
            _logger.warning(f"no checkpoint after epoch {self.num_epochs}: {sentence_of(error)}")


def start_clock() -> Callable[[], float]:
    """Return a clock of the seconds since now."""
    begin = time.perf_counter()
    return lambda: time.perf_counter() - begin


def _epoch_line(epoch: EpochRecord, num_epochs: int, evaluated_on: str) -> str:
    width = len(str(num_epochs))
    line = f"epoch {epoch.epoch:{width}d}/{num_epochs}  loss {epoch.train_loss_nats:.3f}  "
    if epoch.error_percent is None:
        return f"{line}not evaluated  {epoch.training_seconds:.2f} s training"
    return (
        f"{line}{evaluated_on} error {epoch.error_percent:5.2f} %  "
        f"{epoch.training_seconds:.2f} s training, {epoch.evaluation_seconds:.2f} s evaluation"
    )
