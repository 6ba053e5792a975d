"""Which device a run is predicted for, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.hardware import default_device, gpus, main_memory_bytes, processor_name
from ensemble_switchover.planning.calibration import Calibration, Conditions, find_calibration
from ensemble_switchover.planning.data_sheet import DataSheet, data_sheet_of, data_sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.cell import Cell


@dataclass(frozen=True, slots=True)
class Machine:
    """The device of a run, and what its seconds are predicted from."""

    conditions: Conditions
    memory_bytes: int | None
    basis: Calibration | DataSheet | None

    @property
    def source(self) -> str:
        """Where predicted seconds come from, for a reader."""
        name = self.conditions.device_name
        if isinstance(self.basis, Calibration):
            return f"the calibration of {name}, {self.basis.date}"
        if isinstance(self.basis, DataSheet):
            return f"the data sheet of {self.basis.name}: no run can be faster, most are slower"
        return f"nothing: {name} is not calibrated; --calibrate times a few designs on it"


def find_machine(cell: Cell, calibrations: Sequence[Calibration], name: str | None) -> Machine:
    """Find the device of a cell: this machine's, or the one that is named.

    Args:
        cell: The run.
        calibrations: What was timed so far, here or elsewhere.
        name: A part of the name of a calibrated device, or a device with a known data sheet;
            None for this machine.

    Raises:
        ConfigError: if nothing is known of that name.
    """
    return _this_machine(cell, calibrations) if name is None else _named(cell, calibrations, name)


def _this_machine(cell: Cell, calibrations: Sequence[Calibration]) -> Machine:
    device = default_device() if cell.device == "auto" else cell.device
    gpu = gpus()[0] if device == "cuda" and gpus() else None
    conditions = _conditions(cell, device, gpu.name if gpu else processor_name())
    memory = gpu.memory_bytes if gpu else main_memory_bytes()
    known = find_calibration(calibrations, conditions)
    if known is not None:
        return Machine(conditions, known.memory_bytes or memory, known)
    return Machine(conditions, memory, data_sheet_of(gpu.name) if gpu else None)


def _named(cell: Cell, calibrations: Sequence[Calibration], name: str) -> Machine:
    named = [
        entry for entry in calibrations if name.lower() in entry.conditions.device_name.lower()
    ]
    for entry in named:
        there = entry.conditions
        if there == _conditions(cell, there.device, there.device_name):
            return Machine(there, entry.memory_bytes, entry)
    sheet = data_sheets().get(name.lower())
    if sheet is not None:
        return Machine(_conditions(cell, "cuda", sheet.name), sheet.memory_bytes, sheet)
    if named:
        there = named[0].conditions
        return Machine(_conditions(cell, there.device, there.device_name), None, None)
    known = sorted({entry.conditions.device_name for entry in calibrations})
    raise ConfigError(
        f"--machine {name}: expected a part of the name of a calibrated device "
        f"({', '.join(known) or 'there is none'}), or one of {', '.join(sorted(data_sheets()))}"
    )


def _conditions(cell: Cell, device: str, device_name: str) -> Conditions:
    return Conditions(
        device=device,
        device_name=device_name,
        execution=cell.execution,
        precision=cell.precision,
        compiled=cell.compile,
        threads=cell.threads,
    )
