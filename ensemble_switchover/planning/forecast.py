"""Forecasts of a study's runs: their states, and their predicted against measured cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.errors import RecordError
from ensemble_switchover.planning.basis import Machine, augmentation_text, find_machine
from ensemble_switchover.planning.calibration import Calibration
from ensemble_switchover.planning.cost import PredictedCost, predict_cost, process_bytes
from ensemble_switchover.planning.execution_timings import expected_plan
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.state import RunState, run_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of one run."""

    spec: RunSpec
    plan: ExecutionPlan
    """How the members would be executed, as far as that is known before the run."""
    state: RunState
    cost: PredictedCost
    machine: Machine
    measured_training_seconds: float | None
    """Training seconds by its record, if it ran on the same device under the same conditions."""
    measured_times_of: str | None = None
    """What these seconds are of: the `run`, or a `timing pass`; None without them."""
    shared: bool = False
    """Whether the training of another run, finished or to do, provides its record."""

    @property
    def to_do(self) -> bool:
        """Whether the run is still to be trained."""
        return self.state is not RunState.FINISHED and not self.shared

    @property
    def fits(self) -> bool:
        """Whether the device's memory suffices; true if its size is unknown."""
        available = self.machine.memory_bytes
        needed = self.cost.memory_bytes + self.process_bytes
        return available is None or needed <= available

    @property
    def process_bytes(self) -> int:
        """Bytes that its processes take beside tensors, where both share the main memory."""
        return process_bytes(self.plan, self.machine.conditions.device)

    @property
    def error(self) -> float | None:
        """Predicted over measured training seconds; None if one is unknown."""
        if self.cost.training_seconds is None or not self.measured_training_seconds:
            return None
        return self.cost.training_seconds / self.measured_training_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the runs of a study."""

    runs: int
    shared: int
    to_do: int
    steps: int
    training_flops: float
    errors: list[float]
    """Predicted over measured training seconds of each run that has both, measured by itself."""
    pass_errors: list[float]
    """Likewise of each run that was measured by a timing pass."""


def forecast(
    specs: Sequence[RunSpec], calibrations: Sequence[Calibration], machine_name: str | None
) -> list[Forecast]:
    """Predict every run.

    Raises:
        ConfigError: if nothing is known of the named machine.
    """
    machines: dict[tuple[object, ...], Machine] = {}
    forecasts = []
    for spec in specs:
        plan = expected_plan(spec) if machine_name is None else requested_plan(spec)
        augmentation = augmentation_text(spec)
        key = (spec.device, plan, spec.precision, spec.compile, spec.threads, augmentation)
        if key not in machines:
            machines[key] = find_machine(spec, plan, calibrations, machine_name)
        machine = machines[key]
        state = run_state(spec.folder)
        device = machine.conditions.device
        cost = predict_cost(spec, plan, machine.basis, device, machine.memory_bytes)
        measured = _measured(spec.folder, machine) if state is RunState.FINISHED else (None, None)
        forecasts.append(Forecast(spec, plan, state, cost, machine, *measured))
    return forecasts


def total(forecasts: Sequence[Forecast]) -> Totals:
    """Sum up the runs that are to do."""
    left = [entry for entry in forecasts if entry.to_do]
    return Totals(
        runs=len(forecasts),
        shared=sum(entry.shared for entry in forecasts),
        to_do=len(left),
        steps=sum(entry.cost.steps for entry in left),
        training_flops=sum(entry.cost.training_flops for entry in left),
        errors=_errors(forecasts, "run"),
        pass_errors=_errors(forecasts, "timing pass"),
    )


def _errors(forecasts: Sequence[Forecast], times_of: str) -> list[float]:
    return [
        entry.error
        for entry in forecasts
        if entry.error is not None and entry.measured_times_of == times_of
    ]


def _measured(folder: Path, machine: Machine) -> tuple[float, str] | tuple[None, None]:
    """Read the training seconds of a record, with warm-up epochs counted as the others' median.

    Returns:
        The seconds, and whether they are of the run or of a timing pass.
    """
    try:
        document = read_document(folder)
    except RecordError:
        return None, None
    summary = document.summary
    if summary.epoch_seconds is None or not _same_conditions(document.record, machine):
        return None, None
    times_of = document.record.environment.times_of
    return summary.epoch_seconds * summary.num_epochs, times_of


def _same_conditions(record: Record, machine: Machine) -> bool:
    here, there = machine.conditions, record.environment
    basis = machine.basis
    threads = basis.num_threads if isinstance(basis, Calibration) else here.threads
    if here.device == "cpu" and threads is not None and threads != there.num_threads:
        return False
    return (here.device, here.device_name, here.execution, here.precision, here.compiled) == (
        there.device, there.device_name, there.execution, there.precision, there.compiled,
    )  # fmt: skip
