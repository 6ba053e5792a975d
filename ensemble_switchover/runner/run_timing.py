"""What a timing pass found of one run, kept in the folder of its study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.run_spec import budget_name
from ensemble_switchover.config.store_names import TIMING_FOLDER
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.results.record import TimingPassRecord

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Count, Size  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.epoch_metrics import EpochRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTiming:
    """What a timing pass found of one run."""

    environment: str
    """Device, threads and version of torch."""
    concurrent_jobs: Size
    """Jobs that shared the machine."""
    plan: str
    """Label of the plan by which the members were executed."""
    beside: list[str]
    """Designs that were timed in turn."""
    timed_steps: Size
    """Steps of a member in each timed epoch."""
    epoch_steps: Size
    """Steps of a member in a whole epoch."""
    training_seconds: list[Amount]
    """Training of all members for a whole epoch, of each timed epoch."""
    member_training_seconds: list[Amount]
    """Training of each member for a whole epoch."""
    evaluation_seconds: list[Amount]
    """Evaluation on all images, each time."""
    waiting_share: Amount
    """Time that threads waited for a processor, per working time."""
    peak_device_bytes: Count | None
    peak_reserved_bytes: Count | None
    peak_rss_bytes: Count | None
    member_peak_device_bytes: list[Count]

    def seconds_per_epoch(self, *, evaluated: bool) -> float:
        """Return the seconds of an epoch, with its evaluation where there is one."""
        seconds = median(self.training_seconds)
        return seconds + median(self.evaluation_seconds) if evaluated else seconds

    def record(self, seeds: Sequence[int], num_members: int) -> TimingPassRecord:
        """Return what the record of the run says of the pass.

        Args:
            seeds: Those that were trained together.
            num_members: Members that were trained as one.
        """
        return TimingPassRecord(
            seeds=list(seeds),
            num_members=num_members,
            beside=self.beside,
            timed_steps=self.timed_steps,
            epoch_steps=self.epoch_steps,
            training_seconds=self.training_seconds,
            evaluation_seconds=self.evaluation_seconds,
        )

    def put_into(self, epoch: EpochRecord) -> EpochRecord:
        """Return an epoch of the run with the seconds and the memory of the pass.

        One that was not evaluated has no seconds of it.
        """
        evaluated = epoch.error_percent is not None
        return replace(
            epoch,
            training_seconds=median(self.training_seconds),
            member_training_seconds=self.member_training_seconds,
            evaluation_seconds=median(self.evaluation_seconds) if evaluated else 0.0,
            warm_up=False,
            waiting_share=self.waiting_share,
            peak_device_bytes=self.peak_device_bytes,
            peak_reserved_bytes=self.peak_reserved_bytes,
            peak_rss_bytes=self.peak_rss_bytes,
            member_peak_device_bytes=self.member_peak_device_bytes,
        )


def timing_folder(spec: RunSpec) -> Path:
    """Return the folder of the timings of all designs that are compared with a run."""
    budget = spec.budget
    at_budget = budget_name(spec.family.name, spec.dataset.name, budget.depth, budget.width)
    return spec.study_folder / TIMING_FOLDER / f"{at_budget}{spec.comparison_fingerprint}"


def read_timing(spec: RunSpec, environment: str, concurrent_jobs: int) -> RunTiming | None:
    """Read what was found of a run; None if nothing, or unreadable.

    Args:
        spec: The run.
        environment: The timing environment in which it was found.
        concurrent_jobs: Jobs that shared the machine.
    """
    try:
        found: RunTiming = _adapter().validate_json(_file_of(spec).read_bytes())
    except (OSError, ValidationError):
        return None
    asked = (environment, concurrent_jobs)
    return found if (found.environment, found.concurrent_jobs) == asked else None


def write_timing(spec: RunSpec, timing: RunTiming) -> None:
    """Keep what was found of a run.

    Raises:
        OSError: if it cannot be written.
    """
    write_file(_file_of(spec), _adapter().dump_json(timing, indent=1))


def _file_of(spec: RunSpec) -> Path:
    return timing_folder(spec) / f"{spec.name}.json"


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(RunTiming)
