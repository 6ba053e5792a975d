"""Trains members of a run in this process with Lightning, and measures every epoch."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from ensemble_switchover.machine import interruption
from ensemble_switchover.training.assemble import assemble, assemble_together
from ensemble_switchover.training.callbacks import (
    EpochCallback,
    EvaluationSchedule,
    MemoryCallback,
    TimingCallback,
)
from ensemble_switchover.training.evaluated_at_once import evaluated_at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.timed_epochs import TimedEpochs
    from ensemble_switchover.data import ImageDataModule, SplitImages
    from ensemble_switchover.training import EnsembleModule
    from ensemble_switchover.training.epoch_result import EpochResult
    from ensemble_switchover.training.module import ResumePoint
    from ensemble_switchover.training.precision import Precision

IGNORED_WARNINGS = (
    ".*does not have many workers.*",  # the arrays lie on the device: there are no workers
    ".*GPU available but not used.*",  # the CPU was requested
    ".*`srun` command is available.*",  # a run is one process to Lightning, on Slurm too
    ".*LeafSpec.*",  # Lightning's use of torch's pytree
)


def train(
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

    With `timed_epochs`, no more than these are trained, and members may diverge.

    Raises:
        TrainingError: if a member diverges.
        KeyboardInterrupt: on Ctrl-C.
    """
    module, datamodule = assemble(spec, plan, split, precision, members)
    module.resume_point = resume_point
    module.timed_epochs = timed_epochs
    module.ends_at_divergence = timed_epochs is None
    evaluated = spec.evaluated_epochs if timed_epochs is None else [1 + timed_epochs.num_timed]
    _fit_measured(module, datamodule, spec.recipe.epochs, evaluated, device, on_epoch)
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
    _fit_measured(module, datamodule, spec.recipe.epochs, spec.evaluated_epochs, device, on_epoch)
    return datamodule


def _fit_measured(
    module: EnsembleModule,
    datamodule: ImageDataModule,
    num_epochs: int,
    evaluated_epochs: Sequence[int],
    device: torch.device,
    on_epoch: Callable[[EpochResult], None],
) -> None:
    timing, memory = TimingCallback(module.num_members), MemoryCallback(module.num_members)
    schedule = EvaluationSchedule(evaluated_epochs)
    fit(
        module,
        datamodule,
        num_epochs,
        device,
        [schedule, timing, memory, EpochCallback(timing, memory, on_epoch)],
    )


def fit(
    module: EnsembleModule,
    datamodule: ImageDataModule,
    num_epochs: int,
    device: torch.device,
    callbacks: list[lightning.Callback],
    *,
    evaluate: bool = True,
) -> None:
    """Train with Lightning, without those of its parts that cost time and are not needed here.

    Raises:
        TrainingError: if a member diverges.
        KeyboardInterrupt: on Ctrl-C.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    on_cpu = device.type == "cpu"
    timed = module.timed_epochs
    if timed is not None:
        num_epochs = 1 + timed.num_timed
    with warnings.catch_warnings():
        for message in IGNORED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        trainer = lightning.Trainer(
            max_epochs=num_epochs,
            accelerator="gpu" if device.type == "cuda" else device.type,
            devices=1 if on_cpu or device.index is None else [device.index],
            callbacks=callbacks,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=None if evaluate else 0,
            inference_mode=True,
            # one process, whatever Slurm reports about the job
            plugins=[LightningEnvironment()],
        )
        if module.resume_point is not None:
            for count in ("ready", "started", "processed", "completed"):
                setattr(
                    trainer.fit_loop.epoch_progress.current, count, module.resume_point.num_epochs
                )
        try:
            trainer.fit(module, datamodule=datamodule)
        except SystemExit:
            # Lightning turns Ctrl-C into an exit and leaves further ones ignored
            interruption.listen()
            raise KeyboardInterrupt from None
