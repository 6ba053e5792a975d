"""A sweep: every run is known beforehand, and a failure of one never stops the others."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from ensemble_switchover.config.compose import compose_in_hydra
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.store_names import WANDB_FOLDER
from ensemble_switchover.config.study import Study, resolve_study
from ensemble_switchover.errors import (
    ConfigError,
    DesignError,
    EnsembleSwitchoverError,
    RecordError,
    TrainingError,
    first_line,
)
from ensemble_switchover.machine.caches import check_cache
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.standard_streams import secure_standard_streams
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.terminal import complain
from ensemble_switchover.planning.seed_groups import together_of
from ensemble_switchover.runner.job import Ending, run_job, run_seeds
from ensemble_switchover.runner.said_remarks import mark_as_said
from ensemble_switchover.sweep import slurm
from ensemble_switchover.sweep.gpu_slots import claim_gpu
from ensemble_switchover.sweep.jobs_per_device import (
    ON_THIS_MACHINE,
    group_by_jobs_per_device,
    jobs_at_a_time,
)
from ensemble_switchover.sweep.launch import NOT_RUN, dispatch
from ensemble_switchover.sweep.launchers import join_cluster, prepared
from ensemble_switchover.sweep.progress import SweepProgress
from ensemble_switchover.sweep.seed_jobs import (
    NONE,
    group_seeds,
    runs_beside,
    trains_apart,
)
from ensemble_switchover.sweep.shared_training import share_record
from ensemble_switchover.sweep.slurm_arrays import with_arrays
from ensemble_switchover.sweep.worklist import Training, Worklist, build_worklist
from ensemble_switchover.tracking.wandb_environment import wandb_folder
from ensemble_switchover.tracking.wandb_mode import wandb_is_offline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config

_num_missing: list[int] = []
"""Runs that each part of the sweep which this process started has left without a record."""

_complaints: set[str] = set()
"""What this process has printed of runs that could not be run."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The runs of a sweep, and how they are launched."""

    study: Study
    overrides: dict[str, list[str]]
    """The overrides of each run, by its name."""
    configs: dict[str, Config]
    """The configuration of each run, by its name."""
    wandb_offline: bool
    """True if the runs are logged to W&B without a connection."""
    retry: str
    """`none`, or `failed`: only runs that failed or were stopped."""
    together: str = NONE
    """How the seeds of a design are trained: `none`, `seeds` or `auto`."""

    def only(self, specs: Sequence[RunSpec]) -> SweepPlan:
        """Return the plan of some of its runs."""
        names = {spec.name for spec in specs}
        kept = [
            (spec, index)
            for spec, index in zip(self.study.specs, self.study.first_asked, strict=True)
            if spec.name in names
        ]
        specs, indices = [spec for spec, _ in kept], [index for _, index in kept]
        return replace(self, study=Study(specs, [], indices, len(specs)))


def plan_sweep(config: DictConfig, overrides: Sequence[str]) -> SweepPlan:
    """Compose and resolve every run of a sweep.

    Raises:
        ConfigError: if the configuration of a run is wrong; a design that does not exist at its
            budget is not an error in a sweep but a hole.
    """
    parts = compose_in_hydra([*config.hydra.overrides.hydra, *overrides])
    runs = [run for sweep, _ in parts for run in sweep.runs]
    configs = [entry for _, part in parts for entry in part]
    study = resolve_study(configs)
    names = [spec.name for spec in study.specs]
    by_name = {name: configs[index] for name, index in zip(names, study.first_asked, strict=True)}
    _refuse_one_name(by_name.values())
    logger = configs[-1].logger
    return SweepPlan(
        study,
        {name: runs[index] for name, index in zip(names, study.first_asked, strict=True)},
        by_name,
        logger.kind == "wandb" and wandb_is_offline(logger.mode),
        configs[-1].retry,
        together_of(parts[0][0].together, study.specs),
    )


def _refuse_one_name(configs: Iterable[Config]) -> None:
    """Refuse a name in W&B that several runs would have.

    Raises:
        ConfigError: naming it.
    """
    loggers = [config.logger for config in configs]
    names = Counter(own.name for own in loggers if own.kind == "wandb" and own.name is not None)
    for name, num_runs in names.items():
        if num_runs > 1:
            raise ConfigError(
                f"logger.name={on_one_line(name)}: would be the name of {num_runs} runs; expected "
                f"one that differs, such as 'logger.name=${{design_class.name}}_${{seed}}', or "
                f"logger.group= or logger.tags="
            )


def run_plan(
    plan: SweepPlan, config: DictConfig, make_launcher: Callable[[DictConfig], Launcher]
) -> None:
    """Run what is missing of a sweep, and report what came of it.

    Args:
        plan: The runs.
        config: The configuration of the sweep, with Hydra's own.
        make_launcher: Makes a launcher of Hydra from such a configuration.

    Raises:
        ConfigError: if runs cannot be spread as the overrides ask for, or there is no cluster.
    """
    with shown_on(sys.stderr, logging.WARNING):
        check_cache(plan.study.specs[0].dataset.cache)
    worklist = _share_finished(plan, build_worklist(plan.study, plan.retry))
    batches = group_by_jobs_per_device([training.lead for training in worklist.trainings], config)
    if batches:
        join_cluster(config)

    def share(spec: RunSpec, source: Path) -> None:
        share_record(spec, plan.configs[spec.name], source)

    progress = SweepProgress(
        plan.study, worklist, concurrent_jobs=jobs_at_a_time(batches), share=share
    )
    progress.tally.shared += [spec for spec, _ in worklist.shares]
    if plan.wandb_offline and progress.pending:
        folder = wandb_folder(plan.study.specs[0].study_folder) / WANDB_FOLDER
        print(
            f"W&B: offline, so the runs are kept on disk; send them: "
            f"wandb sync {shell_path(folder)}/offline-run-*"
        )
    if plan.together != NONE and any(map(trains_apart, plan.study.specs)):
        print(
            "callbacks= and trainer.*: these runs are trained one by one, as with "
            "sweep.together=none; a callback sees one run"
        )
    folders = {tuple(plan.overrides[spec.name]): spec.folder for spec in plan.study.specs}
    progress.start()
    try:
        for batch in batches:
            adjusted = prepared(batch.adjusted(config))
            jobs = group_seeds(batch.specs, plan.overrides, plan.together, batch.num_jobs)
            folders |= {tuple(job.overrides): job.specs[0].folder for job in jobs}
            launcher = with_arrays(make_launcher(adjusted), adjusted, folders)
            dispatch(jobs, progress, launcher)
        progress.finish()
    finally:
        progress.stop()
    _num_missing.append(progress.num_missing)


def _share_finished(plan: SweepPlan, worklist: Worklist) -> Worklist:
    """Write the records that need no training; what cannot be read is to be trained."""
    shares, trainings, failed = [], list(worklist.trainings), dict(worklist.failed)
    for spec, source in worklist.shares:
        try:
            share_record(spec, plan.configs[spec.name], source)
        except RecordError as error:
            complain(f"{error}; {spec.name} is trained")
            trainings.append(Training(spec))
        except OSError as error:  # training it would end the same
            failed[spec.name] = (spec, sentence_of(error))
        else:
            shares.append((spec, source))
    return replace(worklist, shares=shares, trainings=trainings, failed=failed)


def run_job_of_sweep(configs: Sequence[Config], launcher: DictConfig, sweep: DictConfig) -> str:
    """Run one job of a sweep; whatever goes wrong is reported, and the sweep goes on.

    Args:
        configs: The configuration of the job's run, or of each seed that it trains together.
        launcher: Hydra's launcher, as it is configured.
        sweep: What the sweep asks of the job: seeds to train together, if there are any.
    """
    secure_standard_streams()
    if not slurm.is_slurm_job():
        return _run_job(configs, launcher, sweep)
    slurm.listen_for_requeue()
    try:
        return _run_job(configs, launcher, sweep)
    except KeyboardInterrupt:
        slurm.requeue()
        raise


def _run_job(configs: Sequence[Config], launcher: DictConfig, sweep: DictConfig) -> str:
    jobs = concurrent_jobs(launcher)
    claim_gpu(launcher, jobs)
    try:
        with shown_on(sys.stderr, logging.WARNING):
            with reading_once():
                runs = [(resolve(config), config) for config in configs]
                beside = runs_beside(configs[0], sweep.seeds, sweep.beside) if sweep.seeds else []
            for spec, _ in runs:
                mark_as_said(spec.remarks)  # when the sweep began
            if sweep.seeds:
                outcomes = run_seeds(
                    runs,
                    beside,
                    together=sweep.together,
                    concurrent_jobs=jobs,
                    patient=True,
                )
            else:
                ((spec, config),) = runs
                outcomes = [run_job(spec, config, concurrent_jobs=jobs, patient=True)]
    except DesignError:
        return "impossible"
    except TrainingError:
        return "failed"  # it is in the store, from where the progress reports it
    except EnsembleSwitchoverError as error:
        _complain_once(str(error))
        return f"{NOT_RUN}{first_line(error)}"
    except Exception as error:  # noqa: BLE001 - the other runs shall go on
        text = f"{type(error).__name__}: {first_line(error)}"
        _complain_once(text)
        return f"{NOT_RUN}{text}"
    busy = [outcome for outcome in outcomes if outcome.ending is Ending.BUSY]
    for outcome in busy:
        complain(outcome.line)
    endings = [outcome.ending for outcome in (*busy, *outcomes)]
    return str(endings[0].value) if endings else "failed"


def _complain_once(text: str) -> None:
    """Print a message unless a run of this process ended with it before, as on a full disk."""
    if text not in _complaints:
        _complaints.add(text)
        complain(text)


def concurrent_jobs(launcher: DictConfig) -> int:
    """Return how many jobs run at a time on this machine."""
    return int(OmegaConf.select(launcher, ON_THIS_MACHINE, default=1))


def unfinished_of_this_process() -> int:
    """Count the failed and missing runs of the sweep that this process started, if it did."""
    return sum(_num_missing)
