"""One run: from a resolved run to its record. The only file that wires the parts together."""

from __future__ import annotations

import gc
import logging
import time
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.execution_plan import plan_from_config, requested_plan
from ensemble_switchover.config.schema import LoggerConfig, plain
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.measurement.disturbance import (
    DisturbanceMonitor,
    thread_times,
    waiting_sentences,
    waiting_share,
)
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.results.from_run_spec import (
    budget_record,
    dataset_record,
    design_record,
    recipe_record,
)
from ensemble_switchover.results.latencies import latencies_at
from ensemble_switchover.results.layout import WEIGHTS_FILE, checkpoint_folder
from ensemble_switchover.results.record import (
    SCHEMA_VERSION,
    EnvironmentRecord,
    EpochRecord,
    Record,
)
from ensemble_switchover.results.store import dump_epochs, load_epochs
from ensemble_switchover.runner.choose_execution import choose_execution_plan
from ensemble_switchover.runner.epoch_record import make_epoch_record
from ensemble_switchover.runner.final_measurements import measure_inference, measure_layers
from ensemble_switchover.runner.kept_predictions import PredictionFiles
from ensemble_switchover.runner.out_of_memory import out_of_memory_text
from ensemble_switchover.serving.weights import TrainedEnsemble, dump_weights
from ensemble_switchover.tracking.loggers import MetricLog
from ensemble_switchover.tracking.metrics import run_facts
from ensemble_switchover.training.build import build_ensemble, load_images
from ensemble_switchover.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from ensemble_switchover.training.device import choose_device, num_device_slots
from ensemble_switchover.training.fit import train
from ensemble_switchover.training.member_processes import train_in_processes
from ensemble_switchover.training.module import ResumePoint
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.training.epoch_result import EpochResult
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)


def train_and_measure(
    spec: RunSpec,
    config: Config,
    *,
    concurrent_jobs: int = 1,
    log: MetricLog | None = None,
    keep: Callable[[str, bytes | Path], None] = lambda _, __: None,
) -> Record:
    """Train the members of a run, measure them, and return the record.

    Args:
        spec: What to run, resolved.
        config: The configuration it was resolved from; it is kept in the record.
        concurrent_jobs: How many runs share the machine.
        log: Is started, and told of every epoch; absent: metrics go to the record alone.
        keep: Is given the name of a file that belongs beside the record, and its content or path.

    Raises:
        ConfigError: if the device or the precision is not to be had on this machine.
        DataError: if the data set is absent or not what it should be.
        TrainingError: if a member diverges, or the memory does not suffice.
    """
    log = log or MetricLog(LoggerConfig(kind="none"), spec)
    run = _Run(spec, config, concurrent_jobs, log, keep)
    try:
        return run.record()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        plan = run.plan or requested_plan(spec)
        raise TrainingError(out_of_memory_text(spec, plan)) from error


class _Run:
    """One run under way."""

    def __init__(
        self,
        spec: RunSpec,
        config: Config,
        concurrent_jobs: int,
        log: MetricLog,
        keep: Callable[[str, bytes | Path], None],
    ) -> None:
        self.spec = spec
        self.config = config
        self.concurrent_jobs = concurrent_jobs
        self.log = log
        self.keep = keep
        self.started_at = datetime.now(UTC)
        self.wall_clock = start_clock()
        self.spent_seconds = 0.0
        """By former processes."""
        self.epochs: list[EpochRecord] = []
        self.predictions = PredictionFiles(spec.folder, config.record.predictions, spec.recipe)
        self.plan: ExecutionPlan | None = None
        """How the members are executed, once it is decided."""
        self.place = ""
        """What the times depend on here."""
        self.began_on: str | None = None
        """The same of former processes, where it was another."""

    def record(self) -> Record:
        """Do it."""
        spec, config = self.spec, self.config
        device = choose_device(config.device)
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        precision = use_precision(spec.precision, device)
        environment = describe_environment(device)
        split = load_images(spec)
        for remark in split.remarks:
            _logger.warning(f"dataset={spec.dataset.name}: {remark}")
        self.place = f"{environment.device_name}, {environment.num_threads} threads, torch "
        self.place += environment.versions["torch"]
        checkpoint = read_checkpoint(checkpoint_folder(spec.folder))
        self.plan = plan = self._execution_plan(device, precision, checkpoint)
        torch.compiler.reset()  # torch compiles so many graphs a process, and then silently none
        monitor = DisturbanceMonitor(device)
        self.log.start(plain(config), run_facts(spec, plan, asdict(environment)))
        ensemble, residence = self._train(plan, split, precision, device, checkpoint)
        for path in self.predictions.paths():
            self.keep(path.name, path)
        if config.record.weights:
            self.keep(WEIGHTS_FILE, dump_weights(_trained(spec, ensemble, split)))
        threads = thread_times()
        latencies = measure_inference(spec, ensemble, config.measurement, precision, device)
        layer_times = measure_layers(spec, config.measurement, precision, device)
        shares = {
            "training": fmean(epoch.waiting_share for epoch in self.epochs),
            "the measuring after it": waiting_share(threads, thread_times()),
        }
        disturbances = [*waiting_sentences(shares), *monitor.seen(self.concurrent_jobs)]
        return Record(
            schema_version=SCHEMA_VERSION,
            name=spec.name,
            fingerprint=spec.fingerprint,
            training=spec.training_fingerprint,
            study=spec.study,
            seed=spec.seed,
            member_seeds=spec.member_seeds,
            budget=budget_record(spec),
            design=design_record(spec),
            dataset=dataset_record(spec, len(split.train), len(split.test), split.remarks),
            recipe=recipe_record(spec),
            environment=EnvironmentRecord(
                **asdict(environment),
                execution=plan.label,
                execution_asked=spec.execution.name,
                began_on=self.began_on,
                precision=spec.precision,
                compiled=spec.compile,
                residence=residence,
                disturbances=disturbances,
                concurrent_jobs=self.concurrent_jobs,
            ),
            latencies=latencies,
            layer_times=layer_times,
            epochs=self.epochs,
            config=plain(config),
            started_at=self.started_at.isoformat(timespec="seconds"),
            wall_seconds=self._wall_seconds(),
        )

    def _execution_plan(
        self, device: torch.device, precision: Precision, checkpoint: Checkpoint | None
    ) -> ExecutionPlan:
        """Decide how the members are executed; a run goes on as it began, in the same place.

        Raises:
            ConfigError: for more processes than there are GPUs.
        """
        spec = self.spec
        if checkpoint is not None:
            if checkpoint.place == self.place:
                return checkpoint.execution_plan
            self.began_on = checkpoint.place
            _logger.warning(
                f"begun on {self.began_on}, and going on on {self.place}: seconds and memory of "
                f"this run are of both"
            )
        if spec.execution.name == "auto":
            return choose_execution_plan(spec, device, precision)
        plan = plan_from_config(spec.execution, spec.design.k, num_device_slots(device))
        if device.type == "cuda" and plan.processes > num_device_slots(device):
            raise ConfigError(
                f"execution.processes={plan.processes}: expected at most one a GPU, this machine "
                f"has {num_device_slots(device)}"
            )
        return plan

    def _train(
        self,
        plan: ExecutionPlan,
        split: SplitImages,
        precision: Precision,
        device: torch.device,
        checkpoint: Checkpoint | None,
    ) -> tuple[Ensemble, str]:
        """Train all members, from a checkpoint if there is one.

        Returns:
            The trained ensemble on the device, built anew so that it is the same module however it
            was trained, and where the images lay.
        """
        spec = self.spec
        start, members = None, None
        if checkpoint is not None:
            members = checkpoint.members
            start = ResumePoint(num_epochs=checkpoint.num_epochs, members=members)
            self._go_on_after(checkpoint)

        def on_epoch(part: EpochResult) -> None:
            nonlocal members
            members = part.members
            self._close_epoch(part, plan, split)

        if plan.processes == 1:
            module_and_data = train(spec, plan, split, precision, device, on_epoch, start=start)
            residence = module_and_data[1].residence
        else:
            residence = train_in_processes(spec, plan, device, on_epoch, start=start)
        gc.collect()  # Lightning's objects refer to each other, and hold all members
        if device.type == "cuda":
            torch.cuda.empty_cache()
        ensemble = build_ensemble(spec).to(device, precision.dtype)
        assert members is not None
        for network, state in zip(ensemble.members, members, strict=True):
            network.load_state_dict(state.network)
        return ensemble, residence

    def _go_on_after(self, checkpoint: Checkpoint) -> None:
        self.spent_seconds = checkpoint.wall_seconds
        self.epochs = load_epochs(checkpoint.rows)
        _logger.info(f"going on after epoch {checkpoint.num_epochs} of {self.spec.recipe.epochs}")
        for epoch in self.epochs:
            self.log.epoch(epoch)

    def _close_epoch(self, part: EpochResult, plan: ExecutionPlan, split: SplitImages) -> None:
        """Take stock of an epoch: its row, its line, its checkpoint."""
        spec = self.spec
        epoch = make_epoch_record(part, split.test.labels, spec.recipe, len(split.train))
        self.epochs.append(epoch)
        self.log.epoch(epoch)
        _logger.info(_epoch_line(epoch, spec.recipe.epochs, spec.sizes.evaluated_on))
        self.predictions.add(part, split.test.labels)
        checkpoint = Checkpoint(
            num_epochs=part.epoch,
            members=part.members,
            execution_plan=plan,
            place=self.place,
            rows=dump_epochs(self.epochs),
            wall_seconds=self._wall_seconds(),
        )
        try:
            write_checkpoint(checkpoint_folder(spec.folder), checkpoint)
        except OSError as error:  # costs the checkpoint, never the run
            _logger.warning(f"no checkpoint after epoch {part.epoch}: {error}")
        interruption.check()

    def _wall_seconds(self) -> float:
        return self.spent_seconds + self.wall_clock()


def start_clock() -> Callable[[], float]:
    """Return a clock of the seconds since now."""
    begin = time.perf_counter()
    return lambda: time.perf_counter() - begin


def _trained(spec: RunSpec, ensemble: Ensemble, split: SplitImages) -> TrainedEnsemble:
    return TrainedEnsemble(
        family=spec.family,
        depth=spec.design.depth,
        width=spec.design.width,
        task=spec.task,
        ensemble=ensemble,
        normalisation=Normalisation.of_set(split.train),
        class_names=split.class_names,
    )


def _epoch_line(epoch: EpochRecord, num_epochs: int, evaluated_on: str) -> str:
    width = len(str(num_epochs))
    return (
        f"epoch {epoch.epoch:{width}d}/{num_epochs}  loss {epoch.train_loss:.3f}  "
        f"{evaluated_on} error {epoch.test_error:5.2f} %  {epoch.train_seconds:.2f} s training, "
        f"{epoch.evaluation_seconds:.2f} s evaluation"
    )


def summary_line(record: Record) -> str:
    """Tell a record in one line."""
    last = record.epochs[-1]
    latency = latencies_at(record.latencies)
    seconds = [epoch.train_seconds for epoch in record.epochs if not epoch.warm_up]
    parts: list[Any] = [f"{record.dataset.evaluated_on} error {last.test_error:.2f} %"]
    if seconds:
        parts.append(f"{sorted(seconds)[len(seconds) // 2]:.2f} s per epoch")
    if latency is not None:
        parts.append(
            f"{latency.sequential.median_ms_per_image:.3g} ms per image at batch size "
            f"{latency.sequential.batch_size}"
        )
    parts += [f"disturbed: {seen}" for seen in record.environment.disturbances]
    return ", ".join(parts)
