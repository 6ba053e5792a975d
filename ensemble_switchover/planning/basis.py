"""The device that a run is predicted for, and the timings or data sheet of that device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.hardware import (
    devices,
    gpus,
    main_memory_bytes,
    num_processors,
    processor_name,
    threads_of_environment,
)
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.planning.calibration import Calibration, Conditions, find_calibration
from ensemble_switchover.planning.data_sheet import DataSheet, data_sheet_of, data_sheets
from ensemble_switchover.planning.workload import Pass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec

NO_DEVICE = "none"
"""Stands for the name of a device that this machine does not have."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The device of a run, and the basis of its predicted seconds."""

    conditions: Conditions
    memory_bytes: int | None
    basis: Calibration | DataSheet | None
    is_here: bool = True
    """Whether it is this machine, and no named one."""

    @property
    def source(self) -> str:
        """Say where the predicted seconds come from."""
        there, basis = self.conditions, self.basis
        if isinstance(basis, Calibration):
            designs = {entry.design for entry in basis.observations if entry.timed is Pass.TRAINING}
            families = sorted({entry.family for entry in basis.observations})
            return (
                f"the calibration of {there.device_name}, {basis.date}: "
                f"{count(len(designs), 'design')} of {', '.join(families)}, timed with "
                f"{count(basis.num_threads, 'thread')} and torch {basis.torch}"
                f"{_other_torch(basis) if self.is_here else ''}"
            )
        if isinstance(basis, DataSheet):
            if there.precision in basis.flops_per_second:
                return f"the data sheet of {basis.name}: > marks a rough lower bound"
            return f"nothing: {basis.name}'s data sheet has no rate of precision={there.precision}"
        if there.device_name == NO_DEVICE:
            return f"nothing: this machine has no {there.device} device; --machine names another"
        return (
            f"nothing: {there.device_name} is not calibrated for such runs ({_such_runs(there)}); "
            "--calibrate times a few designs on it"
        )


@cache
def _torch_here() -> str:
    """Return the version of torch on this machine, for which a file of it is parsed."""
    return version("torch")


def _other_torch(basis: Calibration) -> str:
    """Say so where this machine has another torch now than the one that was timed."""
    here, there = _torch_here(), basis.torch
    if here.partition("+")[0] == there.partition("+")[0]:
        return ""
    return f"; torch {here} is here now, for which --calibrate times them anew"


def _such_runs(there: Conditions) -> str:
    """Name the conditions of a run in which a calibration must agree."""
    threads = "torch's threads" if there.threads is None else count(there.threads, "thread")
    compiled = ", compiled" if there.compiled else ""
    return (
        f"{there.execution}, precision {there.precision}, {threads}, augmentation "
        f"{there.augmentation}{compiled}"
    )


def find_machine(
    spec: RunSpec, plan: ExecutionPlan, calibrations: Sequence[Calibration], name: str | None
) -> Machine:
    """Find the device of a run: this machine's, or the named one.

    Args:
        spec: The run.
        plan: How its members are executed.
        calibrations: The stored calibrations, of this machine or others.
        name: A part of the name of a calibrated device, or the name of a known data sheet; None for
            this machine.

    Raises:
        ConfigError: if the name matches no device, several devices, or one of another type than the
            run's.
    """
    if name is None:
        return _this_machine(spec, plan, calibrations)
    return _named(spec, plan, calibrations, name)


def this_device(spec: RunSpec) -> tuple[str, str]:
    """Return the type and the name of this machine's device for a run."""
    device = devices()[0] if spec.device == "auto" else spec.device
    if device not in devices():
        return device, NO_DEVICE
    return device, gpus()[0].name if device == "cuda" else processor_name()


def _this_machine(
    spec: RunSpec, plan: ExecutionPlan, calibrations: Sequence[Calibration]
) -> Machine:
    device, name = this_device(spec)
    conditions = conditions_of(spec, plan, device, name)
    if name == NO_DEVICE:
        return Machine(conditions, None, None)
    gpu = gpus()[0] if device == "cuda" else None
    memory = gpu.memory_bytes if gpu else main_memory_bytes()
    known = find_calibration(calibrations, conditions)
    if known is not None:
        return Machine(conditions, memory or known.memory_bytes, known)
    return Machine(conditions, memory, data_sheet_of(gpu.name) if gpu else None)


def _named(
    spec: RunSpec, plan: ExecutionPlan, calibrations: Sequence[Calibration], name: str
) -> Machine:
    """Find a device by its name: its calibration for such runs, else its data sheet."""
    sheet = data_sheets().get(name.lower())
    named = [entry for entry in calibrations if _is_named(entry.conditions.device_name, name)]
    _check_name(spec, calibrations, name, {entry.conditions for entry in named}, sheet)
    for entry in named:
        there = entry.conditions
        wanted = conditions_of(spec, plan, there.device, there.device_name)
        there_wanted = replace(wanted, processors=there.processors)
        if there in (there_wanted, replace(there_wanted, threads=spec.threads)):
            return Machine(there, entry.memory_bytes, entry, is_here=False)
    if sheet is not None:
        conditions = conditions_of(spec, plan, "cuda", sheet.name)
        return Machine(conditions, sheet.memory_bytes, sheet, is_here=False)
    there = named[0].conditions
    conditions = conditions_of(spec, plan, there.device, there.device_name)
    sheet = data_sheet_of(there.device_name)
    return Machine(conditions, named[0].memory_bytes, sheet, is_here=False)


def _is_named(device_name: str, name: str) -> bool:
    """Return whether a name means a device: by its data sheet, else by a part of its own name."""
    sheet = data_sheets().get(name.lower())
    if sheet is not None:
        return data_sheet_of(device_name) is sheet
    return bool(name) and name.lower() in device_name.lower()


def _check_name(
    spec: RunSpec,
    calibrations: Sequence[Calibration],
    name: str,
    named: set[Conditions],
    sheet: DataSheet | None,
) -> None:
    """Refuse a name of no device, of several devices, or of a device of another type."""
    if not named and sheet is None:
        known = sorted({entry.conditions.device_name for entry in calibrations})
        raise ConfigError(
            f"--machine {name}: expected a part of the name of a calibrated device "
            f"({', '.join(known) or 'there is none'}), or one of {', '.join(sorted(data_sheets()))}"
        )
    names = sorted({there.device_name for there in named})
    if len(names) > 1:
        raise ConfigError(f"--machine {name}: expected one device; so are named {', '.join(names)}")
    kinds = sorted({there.device for there in named} or {"cuda"})
    if spec.device not in ("auto", *kinds):
        raise ConfigError(
            f"--machine {name}: is a {kinds[0]} device, and device={spec.device} came; expected "
            f"device=auto or device={kinds[0]}"
        )


def conditions_of(spec: RunSpec, plan: ExecutionPlan, device: str, device_name: str) -> Conditions:
    """Return what the times of a run on a device depend on besides the design."""
    return Conditions(
        device=device,
        device_name=device_name,
        execution=plan.label,
        precision=spec.precision,
        compiled=spec.compile,
        threads=threads_of_environment() if spec.threads is None else spec.threads,
        processors=num_processors(),
        augmentation=augmentation_text(spec),
    )


def augmentation_text(spec: RunSpec) -> str:
    """Describe what is done to the images of a training step, as far as its time depends on it."""
    augmentation = spec.dataset.augmentation
    if augmentation != "randaugment":
        return augmentation
    return f"{augmentation} of {count(spec.dataset.randaugment_ops, 'operation')}"
