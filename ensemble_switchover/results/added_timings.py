"""Times of a run's exported files on other devices, kept in `timings.json` beside its record.

A record is never changed, so that what is added later lies in a file of its own, with a checksum of
its own; a record without it, such as every older one, has none.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.results.layout import TIMINGS_FILE
from ensemble_switchover.results.own_checksum import NO_CHECKSUM, read_signed, sign_text

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Count, Positive, Size  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ADDED_TIMINGS_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedBatchTiming:
    """Time of a file at one batch size; a call classifies a batch."""

    batch_size: Size
    num_calls: Size
    num_passes: Size
    images_per_pass: Size
    p50_ms_per_call: Positive
    p90_ms_per_call: Positive
    p99_ms_per_call: Positive | None
    """Absent of fewer than 100 calls."""
    mean_ms_per_image: Positive
    lower_quartile_ms_per_image: Positive
    median_ms_per_image: Positive
    """Over the passes; of a cascade a pass is the mean over the images."""
    upper_quartile_ms_per_image: Positive
    images_per_second: Positive
    spread_percent: Amount | None
    """Interquartile range of the passes over their median."""
    steady: bool
    """Whether the spread was below the limit when the time was over."""
    processor_joules_per_image: Amount | None = None
    gpu_joules_per_image: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTiming:
    """Times of one exported file of a run on one device."""

    device_name: str
    """Of the processor or GPU."""
    name: str | None = None
    """What its user calls the machine."""
    device: str
    """`cpu` or `cuda`."""
    processor: str
    architecture: str
    system: str
    runtime: str
    """`onnxruntime` or `torch`."""
    runtime_version: str
    threads: Size
    precision: str
    kind: str
    """`onnx`, `torch_export` or `cascade`."""
    execution: str | None = None
    """How the file runs the members: `sequential`, `fused` or `cascade`; absent in older files."""
    rule: str | None = None
    """Of a cascade: its exit rule."""
    threshold: Amount | None = None
    """Of a cascade."""
    order: list[Count] | None = None
    """Of a cascade: its members in turn."""
    sha256: str
    """Of the file."""
    date: str
    """When it was measured: UTC, ISO 8601."""
    num_images: Count | None = None
    """Given images; absent where noise was timed."""
    error_percent: Amount | None = None
    """Error on the given images."""
    largest_probability_difference: Amount | None = None
    """From float32, on the given images."""
    mean_members: Amount | None = None
    """Of a cascade: members asked of the given images, the mean."""
    batches: list[AddedBatchTiming]
    """In ascending order of batch sizes."""

    @property
    def identity(self) -> tuple[object, ...]:
        """What a new timing has in common with the one that it replaces."""
        where = (self.device, self.device_name, self.name, self.runtime, self.threads)
        return (*where, self.precision, self.kind, self.execution, self.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    schema_version: int
    fingerprint: str
    timings: list[AddedTiming]


_stored_adapter = TypeAdapter(_Stored)


def read_added_timings(folder: Path, fingerprint: str) -> list[AddedTiming]:
    """Read the timings that were added to a run; none where there is no such file.

    Args:
        folder: The run's folder.
        fingerprint: Of the run.

    Raises:
        RecordError: if they are damaged, of another run, or of a newer version.
    """
    path, remedy = folder / TIMINGS_FILE, "remove it, and add the timings again"
    stored = read_signed(path, _stored_adapter, ADDED_TIMINGS_VERSION, "timings", remedy)
    if stored is None:
        return []
    if stored.fingerprint != fingerprint:
        raise RecordError(
            f"{path}: is of the run {stored.fingerprint}, and its record of {fingerprint}; {remedy}"
        )
    return stored.timings


def add_timings(folder: Path, fingerprint: str, timings: Sequence[AddedTiming]) -> int:
    """Add timings to those of a run; one of the same device, runtime and file kind is replaced.

    The file is written whole or not at all.

    Returns:
        How many were replaced.

    Raises:
        RecordError: if those that are there cannot be read.
        OSError: if it cannot be written.
    """
    kept = {timing.identity: timing for timing in read_added_timings(folder, fingerprint)}
    added = {timing.identity: timing for timing in timings}
    values: dict[str, Any] = {
        "schema_version": ADDED_TIMINGS_VERSION,
        "sha256": NO_CHECKSUM,
        "fingerprint": fingerprint,
        "timings": [asdict(timing) for timing in {**kept, **added}.values()],
    }
    write_file(folder / TIMINGS_FILE, sign_text(to_json(values, indent=1)), flush=True)
    return len(kept.keys() & added.keys())
