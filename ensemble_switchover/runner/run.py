"""One run, from its spec to its record: the only module that wires the parts together."""

from __future__ import annotations

import gc
import logging
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.execution_plan import plan_from_config, requested_plan
from ensemble_switchover.config.schema import LoggerConfig, plain
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.measurement.disturbance import (
    DisturbanceMonitor,
    thread_times,
    waiting_sentences,
    waiting_share,
)
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.results.flags import flags_of_run
from ensemble_switchover.results.from_run_spec import (
    budget_record,
    dataset_record,
    design_record,
    recipe_record,
)
from ensemble_switchover.results.latencies import latencies_at
from ensemble_switchover.results.layout import WEIGHTS_FILE, checkpoint_folder
from ensemble_switchover.results.record import SCHEMA_VERSION, EnvironmentRecord, Record
from ensemble_switchover.results.store import dump_epochs, load_epochs
from ensemble_switchover.runner.choose_execution import choose_execution_plan
from ensemble_switchover.runner.final_measurements import measure_inference, measure_layers
from ensemble_switchover.runner.kept_predictions import PredictionFiles
from ensemble_switchover.runner.measure_epoch import make_epoch_record
from ensemble_switchover.runner.out_of_memory import out_of_memory_text, refuse_too_large
from ensemble_switchover.runner.run_seconds import RunSeconds, mark_end
from ensemble_switchover.serving.weights import TrainedEnsemble, dump_weights
from ensemble_switchover.tracking.loggers import MetricLog
from ensemble_switchover.tracking.metrics import run_facts
from ensemble_switchover.training.assemble import build_ensemble, load_images
from ensemble_switchover.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from ensemble_switchover.training.device import choose_device, num_device_slots, use_threads
from ensemble_switchover.training.fit import train
from ensemble_switchover.training.member_processes import train_in_processes
from ensemble_switchover.training.module import ResumePoint
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from torch import Tensor

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config, MeasurementConfig
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.measurement.environment import Environment
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import LatencyRecord, LayerTimeRecord
    from ensemble_switchover.training.epoch_result import EpochResult, MemberState
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Setup:
    """What a run computes with."""

    device: torch.device
    precision: Precision
    environment: Environment

    @property
    def timing_environment(self) -> str:
        """What the times of a run depend on."""
        environment = self.environment
        return (
            f"{environment.device_name}, {environment.num_threads} threads, "
            f"torch {environment.versions['torch']}"
        )


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Where training begins, and how."""

    plan: ExecutionPlan
    checkpoint: Checkpoint | None
    began_on: str | None
    """The timing environment of former processes, where it was another."""


@dataclass(slots=True)
class _Progress:
    """What the epochs so far have given, those of former processes included."""

    clock: Callable[[], float]
    """Returns the seconds that this process has spent on the run."""
    former_seconds: float
    """Seconds that former processes spent on it."""
    epochs: list[EpochRecord]
    members: list[MemberState]
    """The members after the last epoch."""

    @property
    def wall_seconds(self) -> float:
        """Seconds spent on the run so far."""
        return self.former_seconds + self.clock()


@dataclass(frozen=True, slots=True)
class _Measured:
    """What is measured once a run is trained."""

    latencies: list[LatencyRecord]
    layer_times: list[LayerTimeRecord]
    waiting_share: float
    """Time that threads waited for a processor meanwhile, as a share of their working time."""


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
        spec: The resolved run.
        config: The configuration it was resolved from; it is kept in the record.
        concurrent_jobs: How many runs share the machine.
        log: Is started, and given every epoch; by default metrics go to the record alone.
        keep: Is given the name of each file that belongs beside the record, and its content or
            path.

    Raises:
        ConfigError: if this machine does not have the device, the precision or the memory.
        DataError: if the data set is absent or not what it should be.
        TrainingError: if a member diverges, or the memory does not suffice.
    """
    started_at, clock, seconds = datetime.now(UTC), start_clock(), RunSeconds()
    log = log or MetricLog(LoggerConfig(kind="none"), spec)
    with _out_of_memory_explained(spec, None):
        setup = _prepare(spec, config)
        refuse_too_large(spec, setup.device.type)
        with seconds.part("data"):
            split = _load(spec)
        with seconds.part("choosing"):
            beginning = _resume_or_start(spec, setup)
    with _out_of_memory_explained(spec, beginning.plan):
        torch.compiler.reset()  # torch compiles a limited number of graphs a process
        monitor = DisturbanceMonitor(setup.device)
        log.start(plain(config), run_facts(spec, beginning.plan, asdict(setup.environment)))
        progress = _progress_at(beginning.checkpoint, clock, log, spec.recipe.epochs)
        seconds.add(beginning.checkpoint.seconds if beginning.checkpoint else {})
        predictions = PredictionFiles(spec.folder, config.record.predictions, spec.recipe)

        def on_epoch(result: EpochResult) -> None:
            seconds.add(
                {"training": result.training_seconds, "evaluation": result.evaluation_seconds}
            )
            with seconds.part("keeping"):
                _close_epoch(result, progress, spec, split, log, predictions)
                _write_checkpoint(spec, beginning.plan, setup, progress, seconds)
            interruption.check()

        residence = _train(spec, beginning, split, setup, on_epoch)
        ensemble = _rebuild(spec, setup, progress.members)
        for path in predictions.paths():
            keep(path.name, path)
        if config.record.weights:
            keep(WEIGHTS_FILE, dump_weights(_with_normalisation(spec, ensemble, split)))
        with seconds.part("measuring"):
            measured = _measure(spec, config.measurement, setup, ensemble)
    shares = {
        "training": fmean(epoch.waiting_share for epoch in progress.epochs),
        "the measuring after it": measured.waiting_share,
    }
    wall_seconds = progress.wall_seconds
    record = Record(
        schema_version=SCHEMA_VERSION,
        name=spec.name,
        fingerprint=spec.fingerprint,
        training_fingerprint=spec.training_fingerprint,
        study=spec.study,
        seed=spec.seed,
        member_seeds=spec.member_seeds,
        budget=budget_record(spec),
        design=design_record(spec),
        dataset=dataset_record(spec, len(split.train), len(split.test), split.remarks),
        recipe=recipe_record(spec),
        environment=EnvironmentRecord(
            **asdict(setup.environment),
            execution=beginning.plan.label,
            execution_requested=spec.execution.name,
            began_on=beginning.began_on,
            precision=spec.precision,
            compiled=spec.compile,
            residence=residence,
            disturbances=[*waiting_sentences(shares), *monitor.seen(concurrent_jobs)],
            concurrent_jobs=concurrent_jobs,
        ),
        latencies=measured.latencies,
        layer_times=measured.layer_times,
        epochs=progress.epochs,
        config=plain(config),
        started_at=started_at.isoformat(timespec="seconds"),
        largest_class_share=_largest_class_share(split.test.labels),
        wall_seconds=wall_seconds,
        seconds=seconds.record(wall_seconds),
    )
    mark_end()
    return replace(record, flags=flags_of_run(record))


def _largest_class_share(labels: Tensor) -> float:
    return float(torch.bincount(labels.cpu()).max()) / len(labels)


@contextmanager
def _out_of_memory_explained(spec: RunSpec, plan: ExecutionPlan | None) -> Iterator[None]:
    """Turn a lack of memory into an error that names what would fit.

    Raises:
        TrainingError: if the memory does not suffice.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        text = out_of_memory_text(spec, plan or requested_plan(spec))
        raise TrainingError(text) from error


def _prepare(spec: RunSpec, config: Config) -> _Setup:
    """Choose the device, the number of threads and the precision, and describe the machine."""
    device = choose_device(config.device)
    use_threads(config.threads)
    return _Setup(device, use_precision(spec.precision, device), describe_environment(device))


def _load(spec: RunSpec) -> SplitImages:
    split = load_images(spec)
    for remark in (*spec.remarks, *split.remarks):
        _logger.warning(f"dataset={spec.dataset.name}: {remark}")
    return split


def _resume_or_start(spec: RunSpec, setup: _Setup) -> _Beginning:
    """Read the newest checkpoint; a run keeps its execution plan in the same environment."""
    checkpoint = read_checkpoint(checkpoint_folder(spec.folder), spec.fingerprint)
    if checkpoint is None:
        return _Beginning(_decide_plan(spec, setup), None, None)
    began_on, here = checkpoint.timing_environment, setup.timing_environment
    if began_on == here:
        return _Beginning(checkpoint.execution_plan, checkpoint, None)
    _logger.warning(
        f"begun on {began_on}, resumed on {here}: seconds and memory of this run are of both"
    )
    return _Beginning(_decide_plan(spec, setup), checkpoint, began_on)


def _decide_plan(spec: RunSpec, setup: _Setup) -> ExecutionPlan:
    """Decide how the members are executed on this device.

    Raises:
        ConfigError: for more processes than there are GPUs.
    """
    if spec.execution.name == "auto":
        return choose_execution_plan(spec, setup.device, setup.precision)
    num_slots = num_device_slots(setup.device)
    plan = plan_from_config(spec.execution, spec.design.k, num_slots)
    if setup.device.type == "cuda" and plan.processes > num_slots:
        raise ConfigError(
            f"execution.processes={plan.processes}: expected at most one a GPU, this machine "
            f"has {num_slots}"
        )
    return plan


def _progress_at(
    checkpoint: Checkpoint | None, clock: Callable[[], float], log: MetricLog, num_epochs: int
) -> _Progress:
    """Return what a checkpoint holds, and log its epochs again."""
    if checkpoint is None:
        return _Progress(clock, 0.0, [], [])
    _logger.info(f"going on after epoch {checkpoint.num_epochs} of {num_epochs}")
    epochs = load_epochs(checkpoint.rows)
    for epoch in epochs:
        log.epoch(epoch)
    return _Progress(clock, checkpoint.wall_seconds, epochs, checkpoint.members)


def _train(
    spec: RunSpec,
    beginning: _Beginning,
    split: SplitImages,
    setup: _Setup,
    on_epoch: Callable[[EpochResult], None],
) -> str:
    """Train all members, from the checkpoint if there is one.

    Returns:
        Where the images lay, `device` or `host`.
    """
    plan, device, resume_point = beginning.plan, setup.device, None
    if beginning.checkpoint is not None:
        num_epochs, members = beginning.checkpoint.num_epochs, beginning.checkpoint.members
        resume_point = ResumePoint(num_epochs=num_epochs, members=members)
    if plan.processes == 1:
        _, images = train(
            spec, plan, split, setup.precision, device, on_epoch, resume_point=resume_point
        )
        residence = images.residence
    else:
        residence = train_in_processes(spec, plan, device, on_epoch, resume_point=resume_point)
    return residence


def _close_epoch(
    result: EpochResult,
    progress: _Progress,
    spec: RunSpec,
    split: SplitImages,
    log: MetricLog,
    predictions: PredictionFiles,
) -> None:
    """Add an epoch to the progress, log it, and keep its predictions if they are asked for."""
    labels = split.test.labels
    epoch = make_epoch_record(result, labels, spec.recipe, len(split.train))
    progress.epochs.append(epoch)
    progress.members = result.members
    log.epoch(epoch)
    _logger.info(_epoch_line(epoch, spec.recipe.epochs, spec.sizes.evaluated_on))
    predictions.add(result, labels)


def _write_checkpoint(
    spec: RunSpec, plan: ExecutionPlan, setup: _Setup, progress: _Progress, seconds: RunSeconds
) -> None:
    """Write a checkpoint after an epoch; a full disk costs the checkpoint, never the run."""
    num_epochs = progress.epochs[-1].epoch
    checkpoint = Checkpoint(
        fingerprint=spec.fingerprint,
        num_epochs=num_epochs,
        members=progress.members,
        execution_plan=plan,
        timing_environment=setup.timing_environment,
        rows=dump_epochs(progress.epochs),
        wall_seconds=progress.wall_seconds,
        seconds=dict(seconds.parts),
    )
    try:
        write_checkpoint(checkpoint_folder(spec.folder), checkpoint)
    except OSError as error:
        _logger.warning(f"no checkpoint after epoch {num_epochs}: {sentence_of(error)}")


def _rebuild(spec: RunSpec, setup: _Setup, members: Sequence[MemberState]) -> Ensemble:
    """Build the trained ensemble anew: the same module however its members were trained."""
    gc.collect()  # Lightning's objects refer to each other, and hold all members
    if setup.device.type == "cuda":
        torch.cuda.empty_cache()
    ensemble = build_ensemble(spec).to(setup.device, setup.precision.dtype)
    for network, state in zip(ensemble.members, members, strict=True):
        network.load_state_dict(state.network)
    return ensemble


def _measure(
    spec: RunSpec, asked: MeasurementConfig, setup: _Setup, ensemble: Ensemble
) -> _Measured:
    before = thread_times()
    latencies = measure_inference(spec, ensemble, asked, setup.precision, setup.device)
    layer_times = measure_layers(spec, asked, setup.precision, setup.device)
    return _Measured(latencies, layer_times, waiting_share(before, thread_times()))


def start_clock() -> Callable[[], float]:
    """Return a clock of the seconds since now."""
    begin = time.perf_counter()
    return lambda: time.perf_counter() - begin


def _with_normalisation(spec: RunSpec, ensemble: Ensemble, split: SplitImages) -> TrainedEnsemble:
    return TrainedEnsemble(
        family=spec.family,
        depth=spec.design.depth,
        width=spec.design.width,
        task=spec.task,
        ensemble=ensemble,
        normalisation=Normalisation.asked_for(
            spec.dataset.normalisation, split.train.images, split.train.moments
        ),
        class_names=split.class_names,
    )


def _epoch_line(epoch: EpochRecord, num_epochs: int, evaluated_on: str) -> str:
    width = len(str(num_epochs))
    return (
        f"epoch {epoch.epoch:{width}d}/{num_epochs}  loss {epoch.train_loss_nats:.3f}  "
        f"{evaluated_on} error {epoch.error_percent:5.2f} %  "
        f"{epoch.training_seconds:.2f} s training, {epoch.evaluation_seconds:.2f} s evaluation"
    )


def summary_line(record: Record) -> str:
    """Summarise a record in one line."""
    last = record.epochs[-1]
    latency = latencies_at(record.latencies)
    seconds = [epoch.training_seconds for epoch in record.epochs if not epoch.warm_up]
    parts: list[Any] = [f"{record.dataset.evaluated_on} error {last.error_percent:.2f} %"]
    if seconds:
        parts.append(f"{sorted(seconds)[len(seconds) // 2]:.2f} s per epoch")
    if latency is not None:
        parts.append(
            f"{latency.sequential.median_ms_per_image:.3g} ms per image at batch size "
            f"{latency.sequential.batch_size}"
        )
    parts += [f"flagged: {record.flags}"] if record.flags else []
    parts += [f"disturbed: {seen}" for seen in record.environment.disturbances]
    return ", ".join(parts)
