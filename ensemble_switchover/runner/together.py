"""Runs that differ in the seed alone, trained together in this process.

Their members take their steps as one fused group: as many seeds as fit the device's memory, else
equal groups. Every run keeps its own epochs, checkpoints and log, so that it can end, fail or go on
by itself. Whatever cannot be trained together is trained apart, one run after another:
seeds of which a member diverged, a network without a fused form, or, with `auto`, a group that
turns out to be slower than its runs apart. How a run is trained never changes what it learns.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.make_recipe import is_elementwise
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.garbage import older_objects_spared
from ensemble_switchover.machine.logs import about
from ensemble_switchover.measurement.disturbance import DisturbanceMonitor
from ensemble_switchover.measurement.environment import device_memory_bytes
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.planning.seed_groups import TOGETHER, equal_groups, num_fitting_seeds
from ensemble_switchover.runner.choose_together import TogetherChoice
from ensemble_switchover.runner.finish import finish
from ensemble_switchover.runner.out_of_memory import refuse_too_large
from ensemble_switchover.runner.run import train_apart
from ensemble_switchover.runner.run_seconds import RunSeconds, mark_end
from ensemble_switchover.runner.setup import (
    load_split,
    out_of_memory_explained,
    prepare,
)
from ensemble_switchover.runner.shared_clock import SharedClock
from ensemble_switchover.runner.timing_pass import TimingPass
from ensemble_switchover.training.checkpoint_pace import CheckpointPace
from ensemble_switchover.training.device import num_device_slots
from ensemble_switchover.training.epoch_result import finite_runs, split_by_run
from ensemble_switchover.training.fit import train_together
from ensemble_switchover.training.module import ResumePoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.runner.active_run import ActiveRun
    from ensemble_switchover.runner.run_timing import RunTiming
    from ensemble_switchover.runner.setup import Setup
    from ensemble_switchover.training.epoch_result import EpochResult

_logger = logging.getLogger(__name__)


class _RegroupError(Exception):
    """Training goes on in other groups."""

    def __init__(self, groups: list[list[ActiveRun]]) -> None:
        super().__init__()
        self.groups = groups


class SeedRuns:
    """Runs that differ in the seed alone, from their beginning until each is recorded or failed."""

    def __init__(
        self,
        runs: Sequence[ActiveRun],
        *,
        together: str,
        concurrent_jobs: int,
        on_record: Callable[[ActiveRun, Record], None],
        on_failure: Callable[[ActiveRun, Exception], None],
    ) -> None:
        """Take the runs.

        Args:
            runs: One run a seed.
            together: `seeds`, or `auto` where they are trained apart if that is quicker.
            concurrent_jobs: How many jobs share the machine.
            on_record: Is given every run that is finished, with its record.
            on_failure: Is given every run that failed, with the error.
        """
        self.runs = list(runs)
        self.concurrent_jobs = concurrent_jobs
        self.on_record = on_record
        self.on_failure = on_failure
        self.seconds = RunSeconds()
        """Those that are spent on all runs."""
        self.clock = SharedClock([run.spec.name for run in runs])
        self.residence = "device"
        self.trained_with: dict[str, list[ActiveRun]] = {run.spec.name: [run] for run in runs}
        """The runs that each was trained with, itself among them, by name."""
        self.choice = TogetherChoice(together)
        self.setup: Setup
        self.split: SplitImages
        self.timing_pass: TimingPass

    @older_objects_spared()
    def train_and_measure(self, beside: Sequence[RunSpec]) -> None:
        """Train all runs, measure them and hand on their records.

        Args:
            beside: Runs of other designs of the budget, which are timed in turn with these.

        Raises:
            ConfigError: if this machine does not have the device, the precision or the memory.
            DataError: if the data set is absent or not what it should be.
        """
        spec, config = self.runs[0].spec, self.runs[0].config
        with out_of_memory_explained(spec, None):
            self.setup = prepare(spec, config)
            refuse_too_large(spec, self.setup.device.type)
            with self.seconds.part("data"):
                self.split = load_split(spec)
        torch.compiler.reset()  # torch compiles a limited number of graphs a process
        monitor = DisturbanceMonitor(self.setup.device)
        self._begin()
        own = [run.spec for run in self.runs]
        plan = self.runs[0].plan
        self.timing_pass = TimingPass(
            own,
            beside,
            self.setup,
            self.split,
            plan,
            concurrent_jobs=self.concurrent_jobs,
        )
        with out_of_memory_explained(spec, plan):
            with self.seconds.part("timing"):
                self.timing_pass.take(wait=False)
            self._share_seconds()
            self._train()
            self.clock.spend_on([run.spec.name for run in self.runs])
            with self.seconds.part("timing"):
                timings = self.timing_pass.take(wait=True)
        assert timings is not None
        self._finish(timings, monitor)
        mark_end()

    def _begin(self) -> None:
        """Take up the checkpoints of all runs; the first of them decides the plan."""
        plan = None
        for run in self.runs:
            name = run.spec.name
            run.clock = partial(self.clock.seconds_of, name)
            with about(name):
                with self.seconds.part("choosing"):
                    run.begin(self.setup, plan, is_timed_apart=True)
                plan = plan or run.plan
                run.start_log(self.setup)

    def _share_seconds(self) -> None:
        """Give each run its share of the seconds that were spent on all of them so far."""
        shared = self.seconds.share(len(self.runs)).parts
        self.seconds = RunSeconds({})
        for run in self.runs:
            run.seconds.add(shared)

    def _train(self) -> None:
        """Train all epochs of all runs, in groups that are at the same epoch."""
        waiting = deque(_groups(self.runs, self._group_size()))
        while waiting:
            group = waiting.popleft()
            self.clock.spend_on([run.spec.name for run in group])
            waiting.extendleft(reversed(self._train_group(group)))

    def _group_size(self) -> int:
        """Return how many seeds are trained together."""
        spec, setup = self.runs[0].spec, self.setup
        if setup.precision.scales_loss:
            _logger.info("seeds are trained apart: each has a scaled loss of its own")
            return 1
        if not is_elementwise(spec.recipe.optimizer):
            _logger.info(
                f"seeds are trained apart: {spec.recipe.optimizer[TARGET]} is not known to update "
                f"every weight by itself"
            )
            return 1
        available = device_memory_bytes(setup.device)
        if available is not None:  # as many jobs as there are GPUs have one each
            num_devices = 1 if setup.device.type == "cpu" else num_device_slots(setup.device)
            available //= max(1, self.concurrent_jobs // num_devices)
        size = num_fitting_seeds(spec, setup.device.type, available)
        if size < len(self.runs):
            _logger.info(f"{size} of {len(self.runs)} seeds fit into memory together")
        return size

    def _train_group(self, group: list[ActiveRun]) -> list[list[ActiveRun]]:
        """Train a group to its end, or return the groups in which its runs go on."""
        groups: list[list[ActiveRun]] = []
        if len(group) == 1:
            self.trained_with[group[0].spec.name] = group
            with self._failing(group[0]):
                self.residence = train_apart(group[0], self.setup, self.split)
        elif self.choice.is_apart:
            return _groups(group, 1)
        else:
            try:
                self._train_as_one(group)
            except _RegroupError as change:
                groups = change.groups
            except NoFusedFormError as error:
                _logger.info(f"seeds are trained apart: {error}")
                groups = _groups(group, 1)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                half = -(-len(group) // 2)
                _logger.warning(
                    f"{len(group)} seeds do not fit into memory together; tried with {half}"
                )
                groups = _groups(group, half)
        self.setup.free_memory()
        return groups

    def _train_as_one(self, group: list[ActiveRun]) -> None:
        k, names = group[0].spec.design.k, [run.spec.name for run in group]
        num_epochs = 0
        pace = CheckpointPace()
        for run in group:
            run.pace = pace
            self.trained_with[run.spec.name] = group

        def on_epoch(result: EpochResult) -> None:
            nonlocal num_epochs
            num_epochs += 1
            lost = []
            finite = finite_runs(result, k)
            for run, own, is_finite in zip(group, split_by_run(result, k), finite, strict=True):
                if not is_finite:
                    lost.append([run])
                    continue
                self.clock.spend_on([run.spec.name])
                with about(run.spec.name):
                    run.add_epoch(own, self.split, self.setup, together=True)
            self.clock.spend_on(names)
            interruption.check()
            if lost:  # apart they say which member diverged in which step, if one does
                rest = [run for run in group if [run] not in lost]
                raise _RegroupError([*_groups(rest, len(group)), *lost])
            if num_epochs > 1 and not group[0].is_trained and self._is_slower(group, result):
                raise _RegroupError([[run] for run in group])

        resume_point = None
        if group[0].num_epochs:
            members = [member for run in group for member in run.members]
            resume_point = ResumePoint(num_epochs=group[0].num_epochs, members=members)
        images = train_together(
            [run.spec for run in group],
            TOGETHER,
            self.split,
            self.setup.precision,
            self.setup.device,
            on_epoch,
            resume_point=resume_point,
        )
        self.residence = images.residence

    def _is_slower(self, group: Sequence[ActiveRun], result: EpochResult) -> bool:
        """Decide by an epoch of a group, if it is not decided yet, whether it is trained apart."""
        timings = None if self.choice.is_decided else self.timing_pass.timings()
        if timings is not None:
            self.choice.decide([timings[run.spec.name] for run in group], result)
        return self.choice.is_apart

    def _finish(self, timings: Mapping[str, RunTiming], monitor: DisturbanceMonitor) -> None:
        self._share_seconds()
        for run in self.runs:
            self.clock.spend_on([run.spec.name])
            if not run.is_trained:
                continue  # it has failed
            with self._failing(run):
                record = finish(
                    run,
                    self.setup,
                    self.split,
                    residence=self.residence,
                    monitor=monitor,
                    concurrent_jobs=self.concurrent_jobs,
                    timing=timings[run.spec.name],
                    together=[other.spec.seed for other in self.trained_with[run.spec.name]],
                    num_sharing=len(self.runs),
                )
                self.on_record(run, record)

    @contextmanager
    def _failing(self, run: ActiveRun) -> Iterator[None]:
        """Let an error be that of one run alone."""
        try:
            with about(run.spec.name), out_of_memory_explained(run.spec, run.plan):
                yield
        except Exception as error:  # noqa: BLE001 - the other runs go on
            with about(run.spec.name):
                self.on_failure(run, error)


def _groups(runs: Sequence[ActiveRun], size: int) -> list[list[ActiveRun]]:
    """Divide those runs that are not trained into groups of at most a size, each at one epoch."""
    by_epoch: defaultdict[int, list[ActiveRun]] = defaultdict(list)
    for run in runs:
        if not run.is_trained:
            by_epoch[run.num_epochs].append(run)
    return [list(group) for same in by_epoch.values() for group in equal_groups(same, size)]
