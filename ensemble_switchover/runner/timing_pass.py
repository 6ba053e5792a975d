"""The timing pass: a few epochs of each run trained apart, the designs of a budget in turn.

Seeds that are trained together have no seconds of their own. So the networks of each are trained
for some steps in the requested execution, as in a run apart, and their record takes its seconds and
memory from there. The designs of a budget take turns, seed by seed, so that their ratios are of the
same moments.
"""

from __future__ import annotations

import gc
import logging
import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from ensemble_switchover.config.timed_epochs import timed_epochs
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.units import most_known
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge
from ensemble_switchover.results.lock import Hold, RunLock, take_lock
from ensemble_switchover.runner.run_timing import (
    RunTiming,
    read_timing,
    timing_folder,
    write_timing,
)
from ensemble_switchover.runner.setup import decide_plan
from ensemble_switchover.training.fit import train_members
from ensemble_switchover.training.member_processes import train_in_processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.runner.setup import Setup
    from ensemble_switchover.training.epoch_result import EpochResult

_logger = logging.getLogger(__name__)

PASS_POLL_SECONDS = 0.5
"""Between two looks at whether another process has finished a pass."""


class TimingPass:
    """The timings of runs of one budget, which several processes may need at a time."""

    def __init__(
        self,
        own: Sequence[RunSpec],
        beside: Sequence[RunSpec],
        setup: Setup,
        split: SplitImages,
        plan: ExecutionPlan,
        *,
        concurrent_jobs: int = 1,
    ) -> None:
        """Take the runs of this process, which have a plan, and other runs of the budget.

        Timings that were taken with another number of jobs on the machine are none of these.
        """
        self.concurrent_jobs = concurrent_jobs
        self.own = own
        self.runs = _in_turn([*beside, *own])
        self.setup = setup
        self.split = split
        self.plans: dict[str, ExecutionPlan] = {own[0].replicate_fingerprint: plan}
        self._found: dict[str, RunTiming] = {}

    def timings(self) -> Mapping[str, RunTiming] | None:
        """Return the timing of each of this process's runs, by name; None if one is missing."""
        found = {spec.name: self._known(spec) for spec in self.own}
        known = {name: timing for name, timing in found.items() if timing is not None}
        return known if len(known) == len(found) else None

    def take(self, *, wait: bool) -> Mapping[str, RunTiming] | None:
        """Time what was not timed before, unless another process is at it.

        Args:
            wait: Whether to wait for that process until this one's runs are timed.

        Returns:
            As `timings`.
        """
        while self.timings() is None:
            lock = self._lock()
            if isinstance(lock, Hold):
                if not wait:
                    return None
                interruption.check()
                time.sleep(PASS_POLL_SECONDS)
                continue
            try:
                self._time_missing()
            finally:
                if lock is not None:
                    lock.release()
        return self.timings()

    def _lock(self) -> RunLock | Hold | None:
        try:
            lock = take_lock(timing_folder(self.own[0]))
            if isinstance(lock, RunLock):
                with suppress(OSError):
                    lock.forget_former()
        except OSError as error:  # a full disk costs others these timings, never the run
            _logger.warning(f"timings are kept by this process alone: {sentence_of(error)}")
            return None
        return lock

    def _known(self, spec: RunSpec) -> RunTiming | None:
        if spec.name not in self._found:
            timing = read_timing(spec, self.setup.timing_environment, self.concurrent_jobs)
            if timing is None:
                return None
            self._found[spec.name] = timing
        return self._found[spec.name]

    def _time_missing(self) -> None:
        missing = [spec for spec in self.runs if self._known(spec) is None]
        designs = list(dict.fromkeys(spec.design_label for spec in missing))
        mine = {spec.name for spec in self.own}
        for spec in missing:
            interruption.check()
            beside = LeftOutIfTooLarge(f"timing {spec.design_label} beside this design")
            with nullcontext() if spec.name in mine else beside:
                self._keep(spec, self._time(spec, designs))

    def _keep(self, spec: RunSpec, timing: RunTiming) -> None:
        self._found[spec.name] = timing
        with suppress(OSError):  # then other processes time it too
            write_timing(spec, timing)

    def _time(self, spec: RunSpec, beside: list[str]) -> RunTiming:
        """Train some epochs of a run, and return what they took."""
        setup = self.setup
        plan = self.plans.get(spec.replicate_fingerprint)
        if plan is None:
            plan = self.plans[spec.replicate_fingerprint] = decide_plan(spec, setup)
        timed, whole = timed_epochs(spec)
        results: list[EpochResult] = []
        if plan.processes > 1:
            train_in_processes(spec, plan, setup.device, results.append, timed_epochs=timed)
        else:
            train_members(
                spec,
                plan,
                self.split,
                setup.precision,
                setup.device,
                results.append,
                timed_epochs=timed,
            )
        gc.collect()  # Lightning's objects refer to each other, and hold all members
        epochs = results[1:]
        scale = whole / timed.steps
        seconds = [scale * epoch.training_seconds for epoch in epochs]
        of_members = zip(*(epoch.member_training_seconds for epoch in epochs), strict=True)
        return RunTiming(
            environment=setup.timing_environment,
            concurrent_jobs=self.concurrent_jobs,
            plan=plan.label,
            beside=beside,
            timed_steps=timed.steps,
            epoch_steps=whole,
            training_seconds=seconds,
            member_training_seconds=[scale * sum(own) / len(own) for own in of_members],
            evaluation_seconds=[epochs[-1].evaluation_seconds],
            waiting_share=max(epoch.waiting_share for epoch in epochs),
            peak_device_bytes=most_known([epoch.peak.device_bytes for epoch in epochs]),
            peak_reserved_bytes=most_known([epoch.peak.reserved_bytes for epoch in epochs]),
            peak_rss_bytes=most_known([epoch.peak.rss_bytes for epoch in epochs]),
            member_peak_device_bytes=[
                max(own)
                for own in zip(*(epoch.member_peak_device_bytes for epoch in epochs), strict=True)
            ],
        )


def _in_turn(specs: Sequence[RunSpec]) -> list[RunSpec]:
    """Order runs by seed, so that the designs of each take turns; each run once."""
    return sorted({spec.name: spec for spec in specs}.values(), key=lambda spec: spec.seed)
