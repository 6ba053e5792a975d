"""One run trained apart, from its spec to its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.garbage import older_objects_spared
from ensemble_switchover.measurement.disturbance import DisturbanceMonitor
from ensemble_switchover.runner.active_run import ActiveRun
from ensemble_switchover.runner.finish import finish
from ensemble_switchover.runner.out_of_memory import refuse_too_large
from ensemble_switchover.runner.run_seconds import mark_end
from ensemble_switchover.runner.setup import (
    load_split,
    out_of_memory_explained,
    prepare,
)
from ensemble_switchover.runner.timing_pass import TimingPass
from ensemble_switchover.training.checkpoint_pace import CheckpointPace
from ensemble_switchover.training.fit import train_members
from ensemble_switchover.training.member_processes import train_in_processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.runner.setup import Setup
    from ensemble_switchover.tracking.loggers import MetricLog
    from ensemble_switchover.training.epoch_result import EpochResult


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
    run = ActiveRun(spec, config, log=log, keep=keep)
    with out_of_memory_explained(spec, None):
        setup = prepare(spec, config)
        refuse_too_large(spec, setup.device.type)
        with run.seconds.part("data"):
            split = load_split(spec)
        with run.seconds.part("choosing"):
            run.begin(setup)
    with out_of_memory_explained(spec, run.plan), older_objects_spared():
        torch.compiler.reset()  # torch compiles a limited number of graphs a process
        monitor = DisturbanceMonitor(setup.device)
        run.start_log(setup)
        residence = train_apart(run, setup, split)
        timing = None
        if any(epoch.together for epoch in run.epochs):  # in a former process
            with run.seconds.part("timing"):
                timings = TimingPass(
                    [spec],
                    [],
                    setup,
                    split,
                    run.plan,
                    concurrent_jobs=concurrent_jobs,
                ).take(wait=True)
            timing = timings[spec.name] if timings else None
        record = finish(
            run,
            setup,
            split,
            residence=residence,
            monitor=monitor,
            concurrent_jobs=concurrent_jobs,
            timing=timing,
            together=[spec.seed],
        )
    mark_end()
    return record


def train_apart(run: ActiveRun, setup: Setup, split: SplitImages) -> str:
    """Train the epochs that a run lacks, by its own plan.

    Returns:
        Where the images lay, `device` or `host`.

    Raises:
        TrainingError: if a member diverges.
    """

    def on_epoch(result: EpochResult) -> None:
        run.add_epoch(result, split, setup)
        interruption.check()

    spec, plan = run.spec, run.plan
    run.pace = CheckpointPace()
    if plan.processes > 1:
        return train_in_processes(spec, plan, setup.device, on_epoch, resume_point=run.resume_point)
    _, images = train_members(
        spec,
        plan,
        split,
        setup.precision,
        setup.device,
        on_epoch,
        resume_point=run.resume_point,
    )
    return images.residence
