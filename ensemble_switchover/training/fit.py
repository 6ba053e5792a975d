"""Trains members of a run in this process with Lightning, and measures every epoch."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.callbacks import Checkpoint, ProgressBar

from ensemble_switchover.config.batch_sizes import num_batches
from ensemble_switchover.config.trainer_flags import (
    AUTO_STEPS,
    TrainerConfig,
    flags_given,
    num_steps_at_once,
)
from ensemble_switchover.machine import interruption
from ensemble_switchover.training.assemble import assemble, assemble_together
from ensemble_switchover.training.callbacks import (
    EpochCallback,
    EvaluationSchedule,
    MemoryCallback,
    TimingCallback,
)
from ensemble_switchover.training.evaluated_at_once import evaluated_at_once
from ensemble_switchover.training.user_callbacks import (
    LastValues,
    hook_fault,
    looks_at_batches,
    make_callbacks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.timed_epochs import TimedEpochs
    from ensemble_switchover.data import ImageDataModule, SplitImages
    from ensemble_switchover.training import EnsembleModule
    from ensemble_switchover.training.epoch_result import EpochResult
    from ensemble_switchover.training.module import ResumePoint
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)

IGNORED_WARNINGS = (
    ".*does not have many workers.*",  # the arrays lie on the device: there are no workers
    ".*GPU available but not used.*",  # the CPU was requested
    ".*`srun` command is available.*",  # a run is one process to Lightning, on Slurm too
    ".*LeafSpec.*",  # Lightning's use of torch's pytree
)


def train_members(
    spec: RunSpec,
    plan: ExecutionPlan,
    split: SplitImages,
    precision: Precision,
    device: torch.device,
    on_epoch: Callable[[EpochResult], None],
    *,
    members: Sequence[int] | None = None,
    resume_point: ResumePoint | None = None,
    timed_epochs: TimedEpochs | None = None,
) -> tuple[EnsembleModule, ImageDataModule]:
    """Train members of a run, all or some; `on_epoch` receives the result of every epoch.

    With `timed_epochs`, no more than these are trained, without callbacks and flags of the user's,
    and members may diverge.

    Raises:
        ConfigError: for a callback that cannot be made.
        TrainingError: if a member diverges.
        KeyboardInterrupt: on Ctrl-C.
    """
    module, datamodule = assemble(spec, plan, split, precision, members)
    module.resume_point = resume_point
    datamodule.timed_epochs = timed_epochs
    module.ends_at_divergence = timed_epochs is None
    evaluated = spec.evaluated_epochs if timed_epochs is None else [1 + timed_epochs.num_timed]
    if timed_epochs is None:
        epochs, flags = _num_epochs(spec, resume_point), spec.trainer
        user = make_callbacks(spec.callbacks)
    else:
        epochs, flags, user = 1 + timed_epochs.num_timed, TrainerConfig(), {}
    _fit_measured(module, datamodule, evaluated, device, on_epoch, epochs, flags, user)
    return module, datamodule


def train_together(
    specs: Sequence[RunSpec],
    plan: ExecutionPlan,
    split: SplitImages,
    precision: Precision,
    device: torch.device,
    on_epoch: Callable[[EpochResult], None],
    *,
    resume_point: ResumePoint | None = None,
) -> ImageDataModule:
    """Train runs that differ in the seed alone, their members in the order of the runs.

    The result of an epoch is that of all members; those that diverged are for `on_epoch` to see.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
    """
    module, datamodule = assemble_together(specs, plan, split, precision)
    module.resume_point = resume_point
    spec = specs[0]
    module.evaluated_at_once = evaluated_at_once(spec, device)
    evaluated, epochs = spec.evaluated_epochs, spec.recipe.epochs
    _fit_measured(module, datamodule, evaluated, device, on_epoch, epochs, spec.trainer, {})
    return datamodule


def _fit_measured(
    module: EnsembleModule,
    datamodule: ImageDataModule,
    evaluated_epochs: Sequence[int],
    device: torch.device,
    on_epoch: Callable[[EpochResult], None],
    num_epochs: int,
    flags: TrainerConfig,
    user: Mapping[str, lightning.Callback],
) -> None:
    """Train, and measure every epoch; the user's callbacks are called before those that measure."""
    timing, memory = TimingCallback(module.num_members), MemoryCallback(module.num_members)
    schedule, logger = EvaluationSchedule(evaluated_epochs), LastValues() if user else None
    if module.resume_point is not None:
        for name, state in module.resume_point.callbacks.items():
            if name in user:
                user[name].load_state_dict(dict(state))
    if flags.steps_at_once == AUTO_STEPS and any(map(looks_at_batches, user.values())):
        flags = replace(flags, steps_at_once="1")
    module.logs_metrics = bool(user)
    last = EpochCallback(timing, memory, on_epoch, user=user, logger=logger)
    callbacks = [schedule, *user.values(), timing, memory, last]
    try:
        fit(module, datamodule, num_epochs, device, callbacks, flags=flags, logger=logger)
    except Exception as error:
        fault = hook_fault(error, user)
        if fault is None:
            raise
        raise fault from error


def _num_epochs(spec: RunSpec, resume_point: ResumePoint | None) -> int:
    """Return the epochs of a run: those trained already where callbacks have ended it."""
    if resume_point is not None and resume_point.is_stopped(spec.evaluated_epochs):
        return resume_point.num_epochs
    return spec.recipe.epochs


def fit(
    module: EnsembleModule,
    datamodule: ImageDataModule,
    num_epochs: int,
    device: torch.device,
    callbacks: list[lightning.Callback],
    *,
    evaluate: bool = True,
    flags: TrainerConfig | None = None,
    logger: LastValues | None = None,
) -> None:
    """Train with Lightning, without those of its parts that cost time and are not needed here.

    Raises:
        TrainingError: if a member diverges.
        KeyboardInterrupt: on Ctrl-C.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    on_cpu = device.type == "cpu"
    settings: dict[str, Any] = {
        "enable_progress_bar": any(isinstance(one, ProgressBar) for one in callbacks),
        "log_every_n_steps": 1,
        **({} if flags is None else flags_given(flags)),
    }
    datamodule.steps_at_once = None if flags is None else num_steps_at_once(flags)
    with warnings.catch_warnings(), _torch_flags_restored():
        for message in IGNORED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        trainer = lightning.Trainer(
            max_epochs=num_epochs,
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=1 if on_cpu or device.index is None else [device.index],
            callbacks=callbacks,
            logger=logger or False,
            # else Lightning adds a checkpoint of its own
            enable_checkpointing=any(isinstance(one, Checkpoint) for one in callbacks),
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if evaluate else 0,
            inference_mode=True,
            # one process, whatever Slurm reports about the job
            plugins=[LightningEnvironment()],
            **settings,
        )
        if module.resume_point is not None:
            _begin_after(trainer, module.resume_point.num_epochs, datamodule)
        try:
            trainer.fit(module, datamodule=datamodule)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit and leaves further ones ignored
            interruption.listen()
            raise KeyboardInterrupt from None
        if flags is not None and flags.profiler is not None:
            summary = trainer.profiler.summary()  # type: ignore[attr-defined]
            _logger.info(summary.replace("\t", " "))


def _begin_after(trainer: lightning.Trainer, num_epochs: int, data: ImageDataModule) -> None:
    """Let Lightning count on from a number of epochs."""
    progress = trainer.fit_loop.epoch_progress.current
    for name in ("ready", "started", "processed", "completed"):
        setattr(progress, name, num_epochs)
    steps = len(data.groups) * num_batches(len(data.split.train), data.batch_size)
    taken = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
    taken.ready = taken.completed = num_epochs * steps


@contextmanager
def _torch_flags_restored() -> Iterator[None]:
    """Undo what Lightning sets for the process: what is measured after training is without it."""
    benchmark = torch.backends.cudnn.benchmark
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = benchmark
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
