"""The JSON that `measure` writes, and the records that its times belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA
from ensemble_switchover.results.added_timings import (
    AddedBatchTiming,
    AddedTiming,
    add_timings,
)
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.store import read_folders

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Count, Size  # noqa: TC001

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMachine:
    """The machine of a file of times."""

    device: str
    device_name: str
    processor: str
    architecture: str
    system: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModel:
    """One exported file that was timed, in one precision."""

    file: str
    kind: str
    sha256: str
    runtime: str
    precision: str
    run: str | None = None
    fingerprint: str | None = None
    execution: str | None = None
    rule: str | None = None
    threshold: Amount | None = None
    order: list[Count] | None = None
    error_percent: Amount | None = None
    largest_probability_difference: Amount | None = None
    mean_members: Amount | None = None
    timings: list[AddedBatchTiming]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFile:
    """What `measure --json` wrote."""

    schema: str
    date: str
    machine: MeasuredMachine
    versions: dict[str, str]
    threads: Size
    num_images: Count | None = None
    models: list[MeasuredModel] = field(default_factory=list)

    def timing_of(self, model: MeasuredModel) -> AddedTiming:
        """Return the timing of one of its models as it is kept beside a record."""
        return AddedTiming(
            device_name=self.machine.device_name,
            name=self.machine.name,
            device=self.machine.device,
            processor=self.machine.processor,
            architecture=self.machine.architecture,
            system=self.machine.system,
            runtime=model.runtime,
            runtime_version=self.versions.get(model.runtime, "unknown"),
            threads=self.threads,
            precision=model.precision,
            kind=model.kind,
            execution=model.execution,
            rule=model.rule,
            threshold=model.threshold,
            order=model.order,
            sha256=model.sha256,
            date=self.date,
            num_images=self.num_images,
            error_percent=model.error_percent,
            largest_probability_difference=model.largest_probability_difference,
            mean_members=model.mean_members,
            batches=sorted(model.timings, key=lambda entry: entry.batch_size),
        )


_measured_adapter = TypeAdapter(MeasuredFile)

MAX_TIMING_BYTES = 16 * MEBIBYTE
"""Size of the largest file of times that is read."""


def read_measured_file(path: Path) -> MeasuredFile:
    """Read what `measure --json` wrote.

    Raises:
        ConfigError: if it is something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_TIMING_BYTES + 1)
        if len(content) > MAX_TIMING_BYTES:  # a device such as /dev/zero never ends
            raise ConfigError(
                f"--add-timing {path}: expected what measure --json writes, at most "
                f"{MAX_TIMING_BYTES // MEBIBYTE} MiB, and more came"
            )
        values = from_json(content)
    except OSError as error:
        raise ConfigError(f"--add-timing {sentence_of(error)}") from error
    except ValueError as error:
        raise ConfigError(f"--add-timing {path}: is no JSON: {error}") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != TIMING_SCHEMA:
        raise ConfigError(
            f"--add-timing {path}: expected what measure --json writes, with schema "
            f"{TIMING_SCHEMA}, found {schema!r}"
        )
    try:
        return _measured_adapter.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"--add-timing {path}: {where}: {first['msg']}") from error


def add_timing_file(folder: Path, path: Path) -> list[str]:
    """Add the times in a file to the records that they belong to, by the fingerprint.

    Args:
        folder: A run's folder, or one with several runs below it.
        path: What `measure --json` wrote.

    Returns:
        What was done, one line for each record, and for each model without one.

    Raises:
        ConfigError: if the file is something else.
        RecordError: if none of its models is of a run there.
    """
    measured = read_measured_file(path)
    records, _ = read_folders(find_runs(folder).recorded)
    lines, left = [], list(measured.models)
    for place, record in records.items():
        own = [model for model in measured.models if _is_of(model, record.fingerprint)]
        if not own:
            continue
        timings = [measured.timing_of(model) for model in own]
        replaced = add_timings(place, record.fingerprint, timings)
        again = f", {replaced} of them in place of earlier ones" if replaced else ""
        device = measured.machine.name or measured.machine.device_name
        lines.append(f"{record.name}: {len(timings)} of {device} added{again}")
        left = [model for model in left if model not in own]
    if not lines:
        raise RecordError(f"--add-timing {path}: {_why_none(folder, measured, len(records))}")
    lines += [f"{m.file} ({m.precision}): {_of_none(m)}; left out" for m in left]
    return lines


def _is_of(model: MeasuredModel, fingerprint: str) -> bool:
    return model.fingerprint == fingerprint and not _is_member(model)


def _is_member(model: MeasuredModel) -> bool:
    """Tell whether a file is one member of an exported cascade, and not an ensemble."""
    return (model.execution or "").startswith("member ")


def _why_none(folder: Path, measured: MeasuredFile, num_records: int) -> str:
    if not measured.models:
        return "has no times of any file"
    first = measured.models[0]
    return (
        f"{first.file}: {_of_none(first)} among {num_records} in {folder}; expected the run that "
        f"it was exported from"
    )


def _of_none(model: MeasuredModel) -> str:
    if model.fingerprint is None:
        return "names no run that it was exported from, so it is of no record"
    if _is_member(model):
        return f"is one member of {model.run}, and not the ensemble"
    return f"is of the run with fingerprint {model.fingerprint}, which is no record"
