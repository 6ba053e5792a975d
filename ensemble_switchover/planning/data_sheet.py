"""Peak rates of devices by their makers' data sheets, for a rough lower bound of times."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ensemble_switchover.planning.workload import Pass, Workload

TRAINING_FACTOR = 3
"""A training step by forward passes: backward takes about twice the work of forward."""
ITEM_BYTES = {"32": 4, "tf32": 4, "64": 8, "bf16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """Peak rates of a device's dense arithmetic and memory, and the size of its memory."""

    name: str
    pattern: str
    """The part of the device's own name by which it is recognised."""
    flops_per_second: dict[str, float]
    """Peak rate by precision."""
    bytes_per_second: float
    memory_bytes: int

    def predict(self, timed: Pass, work: Workload, precision: str) -> float | None:
        """Estimate the seconds of a pass at peak rates, with every tensor read from memory.

        Returns:
            None for a precision that the data sheet lacks, and for a single image, whose time is
            that of starting layers.
        """
        peak = self.flops_per_second.get(precision)
        if peak is None or timed is Pass.ONE:
            return None
        moved = work.elements * ITEM_BYTES[precision]
        least = max(work.flops / peak, moved / self.bytes_per_second)
        return TRAINING_FACTOR * least if timed is Pass.TRAINING else least


@cache
def data_sheets() -> dict[str, DataSheet]:
    """Return the data sheets by name.

    The numbers are NVIDIA's, for dense matrices: data sheets of V100 (SXM2), T4, L4, A100 (SXM,
    80 GB), H100 (SXM) and H200 (SXM); white papers of the GA102 and Ada architectures.
    """
    text = (files("ensemble_switchover.planning") / "devices.csv").read_text()
    sheets = {}
    columns = {"32": "fp32_tflops", "tf32": "tf32_tflops", "bf16": "bf16_tflops"}
    for row in csv.DictReader(text.splitlines()):
        sheets[row["name"]] = DataSheet(
            name=row["name"],
            pattern=row["pattern"],
            flops_per_second={
                precision: float(row[column]) * 1e12
                for precision, column in columns.items()
                if row[column]
            },
            bytes_per_second=float(row["bandwidth_gb_per_second"]) * 1e9,
            memory_bytes=int(float(row["memory_gb"]) * 1e9),
        )
    return sheets


def data_sheet_of(device_name: str) -> DataSheet | None:
    """Find the data sheet of a device by the device's own name.

    >>> data_sheet_of("NVIDIA A100-SXM4-80GB").name, data_sheet_of("NVIDIA L40S")
    ('a100', None)
    >>> data_sheet_of("NVIDIA GeForce RTX 3090 Ti")
    """
    for sheet in data_sheets().values():
        if re.search(rf"\b{re.escape(sheet.pattern)}\b(?! ?(?:Ti|SUPER)\b)", device_name):
            return sheet
    return None
