"""The folder of records: one folder a run, written whole or not at all.

Layout: `<results>/<study>/<run>/record.json`, with the resolved configuration beside it as
`config.yaml`, and the trained weights as `weights.safetensors` where they are kept. A run that
failed leaves `failure.json` in place of the record. Everything is written under a temporary name,
flushed and renamed, so a reader never sees half of it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import yaml
from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.record import SCHEMA_VERSION, EpochRecord, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD_FILE = "record.json"
CONFIG_FILE = "config.yaml"
WEIGHTS_FILE = "weights.safetensors"
FAILURE_FILE = "failure.json"
TEMPORARY_PREFIX = ".writing-"

_adapter = TypeAdapter(Record)
_epochs_adapter = TypeAdapter(list[EpochRecord])


class RunState(Enum):
    """What the store knows of a run."""

    ABSENT = "absent"
    FINISHED = "finished"
    FAILED = "failed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be read, and why. It is told to the user, never dropped silently."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Records:
    """What was read below a folder."""

    records: list[Record]
    unreadable: list[Unreadable]


def run_state(folder: Path) -> RunState:
    """Tell the state of the run that owns `folder`."""
    path = folder / RECORD_FILE
    if path.is_file():
        try:
            _read_current(path)
        except RecordError:
            return RunState.UNREADABLE
        return RunState.FINISHED
    if (folder / FAILURE_FILE).is_file():
        return RunState.FAILED
    return RunState.ABSENT


def write_record(
    folder: Path, record: Record, attachments: Mapping[str, bytes] = MappingProxyType({})
) -> None:
    """Write a finished run; a failure noted under the same name before is replaced.

    Args:
        folder: The run's own.
        record: What it left behind.
        attachments: Further files by their names, which are there with the record or not at all.
    """
    _write_folder(
        folder,
        {
            RECORD_FILE: _adapter.dump_json(record, indent=1),
            CONFIG_FILE: yaml.safe_dump(record.config, sort_keys=False).encode(),
            **attachments,
        },
    )


def write_failure(folder: Path, name: str, error: str) -> None:
    """Note that a run failed, and why, in one line; a record is never replaced by that."""
    if (folder / RECORD_FILE).exists():
        return
    text = json.dumps({"schema_version": SCHEMA_VERSION, "name": name, "error": error}, indent=1)
    _write_folder(folder, {FAILURE_FILE: text.encode()})


def failure_of(folder: Path) -> str:
    """Return the line that a failed run left behind, or why its record cannot be read."""
    if (folder / RECORD_FILE).is_file():
        try:
            read_record(folder / RECORD_FILE)
        except RecordError as error:
            return str(error)
    try:
        return str(json.loads((folder / FAILURE_FILE).read_text())["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"unknown: {folder / FAILURE_FILE} cannot be read"


def failure_stamp(folder: Path) -> int | None:
    """Return when the run failed last, in nanoseconds, to tell a new failure from an old one."""
    try:
        return (folder / FAILURE_FILE).stat().st_mtime_ns
    except OSError:
        return None


def dump_epochs(epochs: list[EpochRecord]) -> bytes:
    """Write the epochs of an unfinished run as JSON."""
    return _epochs_adapter.dump_json(epochs)


def load_epochs(content: bytes) -> list[EpochRecord]:
    """Read what `dump_epochs` wrote."""
    return _epochs_adapter.validate_json(content)


def read_record(path: Path) -> Record:
    """Read one `record.json`.

    Raises:
        RecordError: if the file is absent, damaged, or of another schema version.
    """
    content = _read_current(path)
    try:
        return _adapter.validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{path}: {where}: {first['msg']}") from error


def _read_current(path: Path) -> bytes:
    """Read a record's text, and see that it is whole and of this schema version."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
    try:
        version = json.loads(content)["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: not a record (damaged, or another file)") from error
    if version != SCHEMA_VERSION:
        raise RecordError(f"{path}: schema version {version}, this program reads {SCHEMA_VERSION}")
    return content


def read_records(root: Path) -> Records:
    """Read every record below `root`, in order of their paths.

    Raises:
        RecordError: if `root` is not a folder.
    """
    if not root.is_dir():
        raise RecordError(f"{root}: no such folder; expected a study's folder of records")
    records: list[Record] = []
    unreadable: list[Unreadable] = []
    for path in sorted(root.rglob(RECORD_FILE)):
        if any(part.startswith(TEMPORARY_PREFIX) for part in path.parts):
            continue
        try:
            records.append(read_record(path))
        except RecordError as error:
            unreadable.append(Unreadable(path, str(error)))
    return Records(records, unreadable)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder.parent))
    try:
        for name, content in files.items():
            with (temporary / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
        _flush_folder(folder.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
