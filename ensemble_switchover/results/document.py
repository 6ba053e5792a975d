"""`record.json`: a run without its epochs, what they come to, and which files are beside it.

It holds the checksum of every file beside it, and its own, so that any damage can be found.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.epoch_metrics import ALWAYS_MEASURED, EpochRecord
from ensemble_switchover.results.layout import EPOCHS_FILE, RECORD_FILE
from ensemble_switchover.results.migrations import migrate
from ensemble_switchover.results.record import SCHEMA_VERSION, Record
from ensemble_switchover.results.summary import RunSummary, summarise_epochs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OWN_CHECKSUM = re.compile(rb'"sha256": "([0-9a-f]{64})"')
_NO_CHECKSUM = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file beside a record, as it was written."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What `record.json` says."""

    folder: Path
    record: Record
    """Without its epochs, unless they are within, as in version 1."""
    summary: RunSummary
    files: dict[str, StoredFile] = field(repr=False)
    """The files beside it by name."""
    stored_version: int
    """The schema version in which it was written, and the files beside it."""

    @property
    def epochs_within(self) -> bool:
        """True where the epochs are in the record itself."""
        return EPOCHS_FILE not in self.files


_record_adapter = TypeAdapter(Record)
_epochs_adapter = TypeAdapter(list[EpochRecord])
_summary_adapter = TypeAdapter(RunSummary)
_files_adapter = TypeAdapter(dict[str, StoredFile])


def dump_document(record: Record, contents: Mapping[str, bytes | Path]) -> bytes:
    """Write the text of `record.json`, with what `contents` puts beside it."""
    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "sha256": _NO_CHECKSUM,
        **_record_adapter.dump_python(replace(record, epochs=[])),
        "summary": _summary_adapter.dump_python(summarise_epochs(record.epochs)),
        "files": _files_adapter.dump_python(
            {name: _describe_file(content) for name, content in contents.items()}
        ),
    }
    del values["epochs"]
    text = to_json(values, indent=1, inf_nan_mode="constants")
    return text.replace(_NO_CHECKSUM.encode(), checksum(text).encode(), 1)


def read_document(folder: Path) -> Document:
    """Read the `record.json` of a run's folder, of any version that is known.

    Raises:
        RecordError: if it is absent or damaged, or of a newer version.
    """
    path = folder / RECORD_FILE
    values = read_values(path)
    try:
        files = _files_adapter.validate_python(values.pop("files"))
        for name in files:
            refuse_odd_name(name)
        epochs = _epochs_adapter.validate_python(values.pop("epochs", []))
        values.pop("sha256", None)
        summary, stored_version = values.pop("summary", None), values.pop("stored_version")
        return Document(
            folder=folder,
            record=_record_adapter.validate_python({**values, "epochs": epochs}),
            summary=_read_summary(summary) if EPOCHS_FILE in files else summarise_epochs(epochs),
            files=files,
            stored_version=stored_version,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{path}: {where}: {first['msg']}") from error
    except (ValueError, KeyError) as error:
        raise RecordError(f"{path}: {error}") from error


def read_values(path: Path) -> dict[str, Any]:
    """Read a record's text as plain values of today's version, unchecked otherwise.

    Its own version is beside them, as `stored_version`.

    Raises:
        RecordError: if it is absent or damaged, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
    try:
        values = from_json(content)
        version = values["schema_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: not a record (damaged, or another file)") from error
    try:
        migrated = migrate(values)
    except ValueError as error:
        raise RecordError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"{path}: cannot be brought to version {SCHEMA_VERSION}") from error
    if not isinstance(migrated.get("files"), dict):
        raise RecordError(f"{path}: files: expected a table of the files beside it")
    migrated["stored_version"] = version
    return migrated


def read_file(folder: Path, name: str, stored: StoredFile) -> bytes:
    """Read a file beside a record, and see that it is as it was written.

    Raises:
        RecordError: if it is absent, cut or changed.
    """
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
    if len(content) != stored.bytes:
        raise RecordError(_wrong_size(path, len(content), stored.bytes))
    if checksum(content) != stored.sha256:
        raise RecordError(f"{path}: damaged: its checksum is another")
    return content


def check_epochs_size(document: Document) -> None:
    """See that the epochs beside a record are there and of their size, without reading them.

    Raises:
        RecordError: if they are absent or cut.
    """
    if document.epochs_within:
        return
    path, stored = f"{document.folder}/{EPOCHS_FILE}", document.files[EPOCHS_FILE]
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - Path is too slow for many
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
    if size != stored.bytes:
        raise RecordError(_wrong_size(path, size, stored.bytes))


def refuse_odd_name(name: str) -> None:
    """Refuse what is no plain name of a file beside a record.

    Raises:
        ValueError: naming it.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name or name == RECORD_FILE:
        raise ValueError(f"files: {name!r} is no plain name of a file beside the record")


def checksum_holds(content: bytes) -> bool:
    """Tell whether the text of a `record.json` is as it was written; version 1 had no checksum."""
    stated = _OWN_CHECKSUM.search(content)
    if stated is None:
        return bool(from_json(content).get("schema_version") == 1)
    start, end = stated.span(1)
    blank = content[:start] + _NO_CHECKSUM.encode() + content[end:]
    return checksum(blank).encode() == stated[1]


def checksum(content: bytes) -> str:
    """Return the SHA-256 of some bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _read_summary(values: object) -> RunSummary:
    summary: RunSummary = _summary_adapter.validate_python(values)
    absent = [name for name in ALWAYS_MEASURED if name not in summary.quality]
    if absent:
        raise ValueError(f"summary: no {', '.join(absent)}")
    return summary


def _wrong_size(path: Path | str, size: int, expected: int) -> str:
    return f"{path}: damaged: it has {size:,} bytes, and was written with {expected:,}"


def _describe_file(content: bytes | Path) -> StoredFile:
    if not isinstance(content, bytes):
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredFile(bytes=content.stat().st_size, sha256=digest)
    return StoredFile(bytes=len(content), sha256=checksum(content))
