"""`record.json`: a run without its epochs, what they come to, and which files are beside it.

It holds the checksum of every file beside it, and its own, so that any damage can be found.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.results.epoch_metrics import ALWAYS_MEASURED, EpochRecord
from ensemble_switchover.results.flags import flags_of_summary
from ensemble_switchover.results.layout import CONFIG_FILE, EPOCHS_FILE, RECORD_FILE
from ensemble_switchover.results.migrations import migrate
from ensemble_switchover.results.own_checksum import (
    NO_CHECKSUM,
    checksum,
    own_checksum,
    sign_text,
)
from ensemble_switchover.results.recomputed import (
    RecomputedMeasures,
    read_recomputed,
    with_recomputed_summary,
)
from ensemble_switchover.results.record import SCHEMA_VERSION, Record
from ensemble_switchover.results.summary import RunSummary, summarise_epochs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIGITS_SHOWN = 16
"""Of a checksum's 64 hexadecimal digits."""
MAX_SHOWN = 40
"""Characters of a value that is none, in the message that says so."""
MAX_SHOWN_BITS = 100
"""Bits of a whole number that is written there."""
NEEDED_FILES = (RECORD_FILE, EPOCHS_FILE, CONFIG_FILE)
"""Files without which a record is not whole."""


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
    recomputed: RecomputedMeasures | None = field(default=None, repr=False)
    """What was computed again since; record and summary have it already, epochs have it put in."""

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
        "sha256": NO_CHECKSUM,
        **_record_adapter.dump_python(replace(record, epochs=[])),
        "summary": _summary_adapter.dump_python(summarise_epochs(record.epochs)),
        "files": _files_adapter.dump_python(
            {name: _describe_file(content) for name, content in contents.items()}
        ),
    }
    del values["epochs"]
    text = to_json(values, indent=1, inf_nan_mode="constants")
    return sign_text(text)


def read_document(folder: Path) -> Document:
    """Read the `record.json` of a run's folder, of any version that is known.

    Raises:
        RecordError: if it is absent, damaged, changed since it was written, or of a newer version.
    """
    path = folder / RECORD_FILE
    content, values = _read_values(path)
    try:
        files = _files_adapter.validate_python(values.pop("files"))
        for name in files:
            refuse_odd_name(name)
        epochs = _epochs_adapter.validate_python(values.pop("epochs", []))
        values.pop("sha256", None)
        stored, stored_version = values.pop("summary", None), values.pop("stored_version")
        record = _record_adapter.validate_python({**values, "epochs": epochs})
        summary = _read_summary(stored) if EPOCHS_FILE in files else summarise_epochs(epochs)
        if "flags" not in values:
            record = replace(record, flags=flags_of_summary(record, summary))
        document = Document(
            folder=folder,
            record=record,
            summary=summary,
            files=files,
            stored_version=stored_version,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(
            f"{path}: {where}: {first['msg']}, and {_shown(first['input'])} came"
        ) from error
    except (ValueError, KeyError) as error:
        raise RecordError(f"{path}: {error}") from error
    _check_own_checksum(path, content, stored_version)
    recomputed = read_recomputed(folder, record)
    return document if recomputed is None else _with_recomputed(document, recomputed)


def _with_recomputed(document: Document, recomputed: RecomputedMeasures) -> Document:
    """Put what was computed again into record and summary; the epochs are in another file."""
    quality = document.record.quality or recomputed.quality
    cascades = document.record.cascades or recomputed.cascades
    return replace(
        document,
        record=replace(document.record, quality=quality, cascades=cascades),
        summary=with_recomputed_summary(document.summary, recomputed),
        recomputed=recomputed,
    )


def _shown(value: object) -> str:
    """Write a value in a few characters; Python writes no number of thousands of digits."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return f"a number of {value.bit_length():,} bits"
    return type(value).__name__ if isinstance(value, (dict, list)) else repr(value)[:MAX_SHOWN]


def _read_values(path: Path) -> tuple[bytes, dict[str, Any]]:
    """Read a record's text, and its plain values of today's version, unchecked otherwise.

    Its own version is among the values, as `stored_version`.

    Raises:
        RecordError: if it is absent or damaged, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(sentence_of(error)) from error
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
    return content, migrated


def read_file(folder: Path, name: str, stored: StoredFile) -> bytes:
    """Read a file beside a record, and see that it is as it was written.

    Raises:
        RecordError: if it is absent, cut, changed or replaced.
    """
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordError(sentence_of(error)) from error
    _compare(path, stored, StoredFile(bytes=len(content), sha256=checksum(content)))
    return content


def check_file(path: Path, document: Document) -> bool:
    """See that a file beside a record, however large, is as it was written.

    Args:
        path: The file.
        document: The record of its folder.

    Returns:
        False for a record of version 1, which says nothing of the files beside it.

    Raises:
        RecordError: if the file is absent, cut, changed or replaced, or the record was written
            without such a file.
    """
    stored = document.files.get(path.name)
    if stored is None and document.epochs_within:
        return False
    if stored is None:
        raise RecordError(
            f"{path}: {RECORD_FILE} beside it was written without such a file, so it is another "
            f"run's; remove it"
        )
    try:
        found = _describe_file(path)
    except OSError as error:
        raise RecordError(sentence_of(error)) from error
    _compare(path, stored, found)
    return True


def _compare(path: Path, stored: StoredFile, found: StoredFile) -> None:
    """Compare a file with what the record says of it.

    Raises:
        RecordError: if it is another.
    """
    if found.bytes != stored.bytes:
        raise RecordError(_wrong_size(path, found.bytes, stored.bytes))
    if found.sha256 != stored.sha256:
        raise RecordError(
            f"{path}: damaged or replaced: {_expected_digest(stored.sha256, found.sha256)}; "
            f"{_remedy(path.name)}"
        )


def _expected_digest(expected: str, found: str) -> str:
    return f"expected SHA-256 {expected[:DIGITS_SHOWN]}..., found {found[:DIGITS_SHOWN]}..."


def _remedy(name: str) -> str:
    """Say what to do about a file that is not as it was written."""
    if name in NEEDED_FILES:
        return "put a copy of the original back, or remove the run's folder to train it again"
    return "put a copy of the original back, or remove it: the record is whole without it"


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
        raise RecordError(sentence_of(error)) from error
    if size != stored.bytes:
        raise RecordError(_wrong_size(path, size, stored.bytes))


def refuse_odd_name(name: str) -> None:
    """Refuse what is no plain name of a file beside a record.

    Raises:
        ValueError: naming it.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name or name == RECORD_FILE:
        raise ValueError(f"files: {name!r} is no plain name of a file beside the record")


def _check_own_checksum(path: Path, content: bytes, version: int) -> None:
    """See that the text of a `record.json` is as it was written; version 1 had no checksum.

    Raises:
        RecordError: if it is another.
    """
    signed = own_checksum(content)
    if signed is None:
        if version == 1:
            return
        raise RecordError(f"{path}: changed since it was written: expected a checksum, found none")
    if signed.stated != signed.found:
        raise RecordError(
            f"{path}: changed since it was written: "
            f"{_expected_digest(*signed)}; {_remedy(path.name)}"
        )


def _read_summary(values: object) -> RunSummary:
    summary: RunSummary = _summary_adapter.validate_python(values)
    absent = [name for name in ALWAYS_MEASURED if name not in summary.quality]
    if absent:
        raise ValueError(f"summary: no {', '.join(absent)}")
    return summary


def _wrong_size(path: Path | str, size: int, expected: int) -> str:
    name = str(path).rpartition("/")[2]
    return (
        f"{path}: damaged or replaced: expected {expected:,} bytes, found {size:,}; {_remedy(name)}"
    )


def _describe_file(content: bytes | Path) -> StoredFile:
    if not isinstance(content, bytes):
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredFile(bytes=content.stat().st_size, sha256=digest)
    return StoredFile(bytes=len(content), sha256=checksum(content))
