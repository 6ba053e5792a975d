"""One run: from a resolved cell to its record. The only file that wires the parts together."""

from __future__ import annotations

import logging
import time
import warnings
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning
import torch

from ensemble_switchover import interruption
from ensemble_switchover.checkpointing import CheckpointCallback, resume
from ensemble_switchover.data import ImageDataModule, SplitImages, load_dataset
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.randaugment import RandAugment
from ensemble_switchover.dataset_facts import without_idle
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.loggers import MetricLog
from ensemble_switchover.measurement.classification import ClassificationCallback
from ensemble_switchover.measurement.environment import (
    describe_environment,
    device_memory_bytes,
    device_name,
)
from ensemble_switchover.measurement.latency import measure_latencies
from ensemble_switchover.measurement.memory import MemoryCallback, is_out_of_memory
from ensemble_switchover.measurement.timing import TimingCallback
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.planning.cost import largest_fitting_batch, memory_bytes
from ensemble_switchover.recorder import RecorderCallback, flat_metrics
from ensemble_switchover.results.record import (
    SCHEMA_VERSION,
    BudgetRecord,
    DatasetRecord,
    DesignRecord,
    EnvironmentRecord,
    EpochRecord,
    LatencyRecord,
    RecipeRecord,
    Record,
)
from ensemble_switchover.results.store import WEIGHTS_FILE
from ensemble_switchover.training import EnsembleModule
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.weights import TrainedEnsemble, dump_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ensemble_switchover.cell import Cell
    from ensemble_switchover.config import Config

LIGHTNING_PRECISION = {"32": "32-true", "64": "64-true", "tf32": "32-true", "bf16": "bf16-mixed"}

SHARE_OF_MEMORY = 0.8
"""What tensors may take; the rest is for workspaces, the allocator and others."""

IGNORED_WARNINGS = (
    ".*does not have many workers.*",  # the arrays lie on the device: there are no workers
    ".*GPU available but not used.*",  # as asked for
    ".*LeafSpec.*",  # Lightning's use of torch's pytree, no concern of the user's
)


def train_and_measure(
    cell: Cell,
    config: Config,
    *,
    concurrent_jobs: int = 1,
    tell: Callable[[str], None] = print,
    warn: Callable[[str], None] = print,
    keep: Callable[[str, bytes], None] = lambda _, __: None,
) -> Record:
    """Train the members of a cell, measure them, and return the record.

    Args:
        cell: What to run, resolved.
        config: The configuration it was resolved from; it is kept in the record.
        concurrent_jobs: How many runs share the machine.
        tell: Is given a line of text after every epoch.
        warn: Is given what goes wrong without ending the run.
        keep: Is given the name and the content of a file that belongs beside the record.

    Raises:
        ConfigError: if the device or the precision is not to be had on this machine.
        DataError: if the data set is absent or not what it should be.
        TrainingError: if a member diverges, or the memory does not suffice.
    """
    try:
        return _train_and_measure(cell, config, concurrent_jobs, tell, warn, keep)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(_out_of_memory(cell)) from error


def _out_of_memory(cell: Cell) -> str:
    device = choose_device(cell.device)
    available = device_memory_bytes(device)
    needed = memory_bytes(cell, device.type, available)
    text = (
        f"out of memory with {cell.design.k} x {cell.design.member_parameters:,} parameters at "
        f"batch size {cell.recipe.batch_size}: its tensors take {needed / 2**20:,.0f} MiB"
    )
    if available is None:
        return f"{text}; a smaller recipe.batch_size or budget needs less"
    text += f", {device_name(device)} has {available / 2**20:,.0f} MiB"
    fitting = largest_fitting_batch(cell, device.type, int(SHARE_OF_MEMORY * available))
    if fitting is None:
        return f"{text}; a smaller budget needs less"
    return f"{text}; recipe.batch_size={fitting} would fit"


def _train_and_measure(
    cell: Cell,
    config: Config,
    concurrent_jobs: int,
    tell: Callable[[str], None],
    warn: Callable[[str], None],
    keep: Callable[[str, bytes], None],
) -> Record:
    started_at = datetime.now(UTC)
    wall_clock = start_clock()
    device = choose_device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    dtype = set_precision(cell.precision, device)
    environment = describe_environment(device)
    module, datamodule = assemble(cell, dtype, tell)
    for remark in datamodule.split.remarks:
        warn(f"dataset={cell.dataset.name}: {remark}")
    log = MetricLog(config.logger, cell, asdict(config), tell, warn)

    def on_epoch(epoch: EpochRecord) -> None:
        log.metrics(flat_metrics(epoch, cell.sizes.evaluated_on), epoch.epoch)
        tell(_epoch_line(epoch, cell.recipe.epochs, cell.sizes.evaluated_on))

    timing, memory = TimingCallback(cell.design.k), MemoryCallback()
    classification = ClassificationCallback()
    recorder = RecorderCallback(timing, memory, classification, on_epoch)
    resumed = resume(cell.checkpoint_folder, module, recorder, warn)
    spent_seconds = 0.0 if resumed is None else resumed.wall_seconds
    if resumed is not None:
        tell(f"going on after epoch {resumed.num_epochs} of {cell.recipe.epochs}")
        for epoch in recorder.epochs:
            log.metrics(flat_metrics(epoch, cell.sizes.evaluated_on), epoch.epoch)
    checkpoints = CheckpointCallback(
        cell.checkpoint_folder, recorder, lambda: spent_seconds + wall_clock(), warn
    )
    callbacks = [timing, memory, classification, recorder, checkpoints]
    status = "failed"
    try:
        fit(module, datamodule, cell, device, callbacks)
        status = "success"
    finally:
        log.finish(status)
    if config.weights:
        keep(WEIGHTS_FILE, dump_weights(_trained(cell, module, datamodule)))
    latencies = measure_latencies(
        _predictor(module, cell.precision, device),
        cell.task,
        config.measurement.latency_batch_sizes,
        device=device,
        dtype=dtype,
        max_seconds=config.measurement.latency_seconds,
        warn=warn,
    )
    return Record(
        schema_version=SCHEMA_VERSION,
        name=cell.name,
        fingerprint=cell.fingerprint,
        study=cell.study,
        seed=cell.seed,
        member_seeds=cell.member_seeds,
        budget=BudgetRecord(**asdict(cell.budget)),
        design=_design_record(cell),
        dataset=_dataset_record(cell, datamodule.split),
        recipe=RecipeRecord(**{**asdict(cell.recipe), "drops": list(cell.recipe.drops)}),
        environment=EnvironmentRecord(
            **asdict(environment),
            execution=cell.execution,
            precision=cell.precision,
            compiled=cell.compile,
            residence=datamodule.residence,
            concurrent_jobs=concurrent_jobs,
        ),
        latencies=[LatencyRecord(**asdict(latency)) for latency in latencies],
        epochs=recorder.epochs,
        config=asdict(config),
        started_at=started_at.isoformat(timespec="seconds"),
        wall_seconds=spent_seconds + wall_clock(),
    )


def start_clock() -> Callable[[], float]:
    """Return a clock of the seconds since now."""
    begin = time.perf_counter()
    return lambda: time.perf_counter() - begin


def assemble(
    cell: Cell, dtype: torch.dtype, tell: Callable[[str], None] | None = None
) -> tuple[EnsembleModule, ImageDataModule]:
    """Build the members of a cell and the data that they train on.

    `tell` is given a line about what takes its time, and where the images are to be.

    Raises:
        DataError: if the data set is absent or not what it should be.
    """
    used = cell.sizes
    split = load_dataset(cell.dataset, used.train, used.test, tell, validation_size=used.validation)
    design, recipe = cell.design, cell.recipe
    ensemble = Ensemble.build(cell.family, design.depth, design.width, cell.task, cell.member_seeds)
    execution = EXECUTIONS[cell.execution]
    module = EnsembleModule(
        ensemble,
        recipe,
        execution,
        len(split.train),
        len(split.test),
        cell.task.num_classes,
        compiled=cell.compile,
    )
    datamodule = ImageDataModule(
        split,
        groups=execution.groups(design.k),
        member_seeds=cell.member_seeds,
        batch_size=recipe.batch_size,
        augmentation=augmentation_of(cell),
        dtype=dtype,
        residence=cell.dataset.residence,
        tell=tell,
    )
    return module, datamodule


def choose_device(name: str) -> torch.device:
    """Return the device asked for; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        ConfigError: if this machine does not have it.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, present in available.items() if present)
    if not available[name]:
        present = ", ".join(device for device, there in available.items() if there)
        raise ConfigError(f"device={name}: this machine has {present}")
    return torch.device("cuda", 0) if name == "cuda" else torch.device(name)


def set_precision(precision: str, device: torch.device) -> torch.dtype:
    """Set torch's switches for a precision, and return the data type of images.

    Raises:
        ConfigError: if the device does not have that precision.
    """
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError(f"precision=tf32: needs a CUDA device, this run is on {device.type}")
    if precision == "64" and device.type == "mps":
        raise ConfigError("precision=64: an MPS device has no float64")
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return torch.float64 if precision == "64" else torch.float32


def fit(
    module: EnsembleModule,
    datamodule: ImageDataModule,
    cell: Cell,
    device: torch.device,
    callbacks: list[lightning.Callback],
    *,
    evaluate: bool = True,
) -> None:
    """Train without the parts of Lightning that cost time and are not needed here.

    Raises:
        TrainingError: if a member diverges.
        KeyboardInterrupt: on Ctrl-C, as everywhere else.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        for message in IGNORED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        trainer = lightning.Trainer(
            max_epochs=cell.recipe.epochs,
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=1,
            precision=LIGHTNING_PRECISION[cell.precision],  # type: ignore[arg-type]
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if evaluate else 0,
            inference_mode=True,
        )
        if module.resumed is not None:
            for count in ("ready", "started", "processed", "completed"):
                setattr(trainer.fit_loop.epoch_progress.current, count, module.resumed.num_epochs)
        try:
            trainer.fit(module, datamodule=datamodule)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit and leaves further ones ignored
            interruption.listen()
            raise KeyboardInterrupt from None


def _trained(cell: Cell, module: EnsembleModule, datamodule: ImageDataModule) -> TrainedEnsemble:
    return TrainedEnsemble(
        family=cell.family,
        depth=cell.design.depth,
        width=cell.design.width,
        task=cell.task,
        ensemble=module.ensemble,
        normalisation=datamodule.normalisation,
        class_names=datamodule.split.class_names,
    )


def _predictor(
    module: EnsembleModule, precision: str, device: torch.device
) -> Callable[[Tensor], Tensor]:
    """Return how the trained ensemble predicts, by the execution that trained it."""
    module.ensemble.to(device).eval()

    def predict(images: Tensor) -> Tensor:
        mixed = precision == "bf16"
        with torch.autocast(device.type, torch.bfloat16) if mixed else nullcontext():
            return module.execution.probabilities(images)

    return predict


def augmentation_of(cell: Cell) -> Augmentation | None:
    """Return how a cell's training images are augmented, if they are."""
    dataset, operations = cell.dataset, None
    if dataset.augmentation == "none":
        return None
    if dataset.augmentation == "randaugment":
        operations = RandAugment(dataset.randaugment_ops, dataset.randaugment_magnitude)
    return Augmentation(dataset.crop_padding, dataset.flip, operations)


def _design_record(cell: Cell) -> DesignRecord:
    design = cell.design
    return DesignRecord(
        family=cell.family.name,
        family_options=cell.family.options,
        design_class=design.design_class.value,
        depth=design.depth,
        width=design.width,
        k=design.k,
        member_parameters=design.member_parameters,
        parameters=design.parameters,
        budget_fill=design.budget_fill,
        member_flops=design.member_flops,
        source=cell.source.value,
    )


def _dataset_record(cell: Cell, split: SplitImages) -> DatasetRecord:
    on_test = cell.sizes.evaluated_on == "test"
    used = without_idle(cell.dataset)
    return DatasetRecord(
        name=cell.dataset.name,
        num_classes=cell.task.num_classes,
        channels=cell.task.channels,
        image_size=cell.task.size,
        train_size=len(split.train),
        test_size=len(split.test) if on_test else 0,
        validation_size=cell.sizes.validation,
        evaluated_on="test" if on_test else "validation",
        augmentation=cell.dataset.augmentation,
        crop_padding=used.crop_padding,
        flip=used.flip,
        split_seed=used.split_seed,
        **_randaugment_record(cell),
        options=cell.dataset_options,
        remarks=list(split.remarks),
    )


def _randaugment_record(cell: Cell) -> dict[str, int]:
    if cell.dataset.augmentation != "randaugment":
        return {}
    return {
        "randaugment_ops": cell.dataset.randaugment_ops,
        "randaugment_magnitude": cell.dataset.randaugment_magnitude,
    }


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
    latency = max(record.latencies, key=lambda entry: entry.batch_size, default=None)
    seconds = [epoch.train_seconds for epoch in record.epochs if not epoch.warm_up]
    parts: list[Any] = [f"{record.dataset.evaluated_on} error {last.test_error:.2f} %"]
    if seconds:
        parts.append(f"{sorted(seconds)[len(seconds) // 2]:.2f} s per epoch")
    if latency is not None:
        parts.append(
            f"{latency.median_ms_per_image:.3g} ms per image at batch size {latency.batch_size}"
        )
    return ", ".join(parts)
