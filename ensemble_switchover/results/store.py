"""The folder of records: one folder a run, written whole or not at all.

Layout: `<results>/<study>/<run>/` with `record.json`, `epochs.parquet`, `config.yaml` and further
files, such as the trained weights. A run that failed leaves `failure.json` in place of the record.
Everything is written under a temporary name, flushed and renamed, so readers never see half of it.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.files import make_temporary_folder, names_path, write_file
from ensemble_switchover.machine.paths import readable
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.results.document import (
    Document,
    dump_document,
    read_document,
    read_file,
    refuse_odd_name,
)
from ensemble_switchover.results.epoch_metrics import EpochRecord
from ensemble_switchover.results.flags import flags_of_run
from ensemble_switchover.results.folders import find_runs, make_folder
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    DESCRIPTION_FILE,
    EPOCHS_FILE,
    FAILURE_FILE,
    LOG_FILE,
    RECORD_FILE,
    unfinished_folder,
)
from ensemble_switchover.results.migrations import migrate_config, migrate_epoch
from ensemble_switchover.results.recomputed import with_recomputed_epochs
from ensemble_switchover.results.record import SCHEMA_VERSION, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any


BATCH_SIZE = 1000
"""Records whose epochs are read in one go."""

_epochs_adapter = TypeAdapter(list[EpochRecord])


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


def write_record(
    folder: Path, record: Record, attachments: Mapping[str, bytes | Path] | None = None
) -> None:
    """Write a finished run; a failure noted under the same name before is replaced.

    A record that is there already stays: it is as good, and nothing finished is ever lost.

    Args:
        folder: The run's folder.
        record: What was measured.
        attachments: Further files by name, such as predictions: their content, or where they lie.

    Raises:
        RecordError: if a record is there that cannot be read.
        OSError: if it cannot be written; nothing is left then.
    """
    from ensemble_switchover.results.epochs_file import dump_epochs_file  # polars takes its time

    contents: dict[str, bytes | Path] = {
        EPOCHS_FILE: dump_epochs_file(record.epochs),
        CONFIG_FILE: yaml.safe_dump(record.config, sort_keys=False).encode(),
    }
    for name, content in (attachments or {}).items():
        refuse_odd_name(name)
        if name in contents:
            raise ValueError(f"{name}: is written with every record; expected another name")
        contents[name] = content
    _write_folder(folder, {**contents, RECORD_FILE: dump_document(record, contents)})


def write_failure(
    folder: Path,
    name: str,
    error: str,
    *,
    description: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
) -> None:
    """Note that a run failed, and why, in one line; a record is never replaced by that."""
    if (folder / RECORD_FILE).exists():
        return
    values = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "error": readable(error),
        "failed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": description,
    }
    contents: dict[str, bytes | Path] = {FAILURE_FILE: to_json(values, indent=1)}
    if config is not None:
        contents[CONFIG_FILE] = yaml.safe_dump(dict(config), sort_keys=False).encode()
    _write_folder(folder, contents)


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Store the facts of the run in `folder`, for as long as it is unfinished.

    Its `config` among them lets `rerun_command` write the command that goes on.
    """
    path = unfinished_folder(folder) / DESCRIPTION_FILE
    write_file(path, to_json(dict(description), indent=1))


def read_description(folder: Path) -> dict[str, Any]:
    """Read what `write_description` stored; nothing where it is absent or damaged."""
    try:
        found = from_json((unfinished_folder(folder) / DESCRIPTION_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {**found, "config": migrate_config(found["config"])} if "config" in found else found


def forget_description(folder: Path) -> None:
    """Remove what `write_description` stored."""
    (unfinished_folder(folder) / DESCRIPTION_FILE).unlink(missing_ok=True)


def forget_unfinished(folder: Path) -> None:
    """Remove what a finished run no longer needs."""
    shutil.rmtree(unfinished_folder(folder), ignore_errors=True)


def dump_epochs(epochs: list[EpochRecord]) -> bytes:
    """Write the epochs of an unfinished run as JSON."""
    return _epochs_adapter.dump_json(epochs)


def load_epochs(content: bytes) -> list[EpochRecord]:
    """Read what `dump_epochs` wrote, in this version or an earlier one."""
    return _epochs_adapter.validate_python([migrate_epoch(epoch) for epoch in from_json(content)])


def read_record(path: Path) -> Record:
    """Read one record by the path of its `record.json`.

    Raises:
        RecordError: if a file of it is absent or damaged, or of a newer schema version.
    """
    records, unreadable = read_folders([path.parent])
    if unreadable:
        raise RecordError(unreadable[0].reason)
    return records[path.parent]


def read_records(root: Path) -> Records:
    """Read every record below `root`, in order of their paths.

    Raises:
        RecordError: if `root` is not a folder.
    """
    records, unreadable = read_folders(find_runs(root).recorded)
    return Records(list(records.values()), unreadable)


def read_folders(folders: Sequence[Path]) -> tuple[dict[Path, Record], list[Unreadable]]:
    """Read the records of some folders, in their order, and tell which cannot be used.

    Those that cannot be read cannot be used, and neither can copies of another of them.
    """
    records: dict[Path, Record] = {}
    unreadable: list[Unreadable] = []
    with _without_garbage_collection(), ThreadPoolExecutor(1) as reader:
        batches = [
            _read_batch(folders[start : start + BATCH_SIZE], reader)
            for start in range(0, len(folders), BATCH_SIZE)
        ]
        for batch in batches:
            epochs = dict(pair for part in batch.epochs for pair in part.result())
            for folder, document in batch.documents.items():
                rows = epochs.get(folder, document.record.epochs)
                path = folder / (RECORD_FILE if document.epochs_within else EPOCHS_FILE)
                if isinstance(rows, RecordError):
                    unreadable.append(Unreadable(path, f"{path}: {rows}"))
                elif (problem := _problem_of(rows, document.record.design.k)) is not None:
                    unreadable.append(Unreadable(path, f"{path}: {problem}"))
                else:
                    epochs_now = with_recomputed_epochs(rows, document.recomputed)
                    record = replace(document.record, epochs=epochs_now)
                    records[folder] = replace(record, flags=flags_of_run(record))
            unreadable += batch.unreadable
    unreadable += _set_copies_aside(records)
    return records, sorted(unreadable, key=lambda entry: entry.path)


def _set_copies_aside(records: dict[Path, Record]) -> list[Unreadable]:
    """Remove the records of copied folders, so that no run counts twice.

    Of equal ones that in the folder with the run's own name is kept, else the first.
    """
    originals: dict[tuple[str, ...], Path] = {}
    copies: list[Unreadable] = []
    for folder in sorted(records, key=lambda folder: folder.name != records[folder].name):
        record = records[folder]
        run = (record.study, record.name, record.fingerprint, record.started_at)
        original = originals.setdefault(run, folder)
        if original != folder:
            path = folder / RECORD_FILE
            reason = f"a copy of the run in {shell_path(original)}, which counts once"
            copies.append(Unreadable(path, f"{path}: {reason}"))
            del records[folder]
    return copies


def _problem_of(epochs: Sequence[EpochRecord], k: int) -> str | None:
    """Return why epochs cannot be those of a run of k members, if they cannot."""
    number = 0
    for epoch in epochs:
        if epoch.epoch <= number:
            return f"epochs: {epoch.epoch} came after {number}; expected rising numbers from 1"
        number = epoch.epoch
        if len(epoch.member_error_percent) != (0 if epoch.error_percent is None else k):
            return (
                f"member_error_percent: {len(epoch.member_error_percent)} values after epoch "
                f"{number}; expected one of each of {k} members, and none where the epoch was "
                f"not evaluated"
            )
    if epochs and epochs[-1].error_percent is None:
        return f"error_percent: absent after epoch {number}, the last; expected an evaluated one"
    return None


_Epochs = list[tuple[Path, "list[EpochRecord] | RecordError"]]
"""Folder and its epochs, or why they cannot be read."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some records that are being read."""

    documents: dict[Path, Document]
    unreadable: list[Unreadable]
    epochs: list[Future[_Epochs]]
    """Those of the records whose epochs are in a file of their own, one part per version."""


def _read_batch(folders: Sequence[Path], reader: ThreadPoolExecutor) -> _Batch:
    """Read some records; `reader` makes epochs of their files while the next ones are read."""
    documents: dict[Path, Document] = {}
    unreadable: list[Unreadable] = []
    contents: defaultdict[int, dict[Path, bytes]] = defaultdict(dict)
    for folder in folders:
        path = folder / RECORD_FILE
        try:
            document = read_document(folder)
            if not document.epochs_within:
                path = folder / EPOCHS_FILE
                content = read_file(folder, EPOCHS_FILE, document.files[EPOCHS_FILE])
                contents[document.stored_version][folder] = content
            documents[folder] = document
        except RecordError as error:
            unreadable.append(Unreadable(path, str(error)))
    epochs = [
        reader.submit(_read_epochs, files, documents, version)
        for version, files in contents.items()
    ]
    return _Batch(documents, unreadable, epochs)


def _read_epochs(
    files: Mapping[Path, bytes], documents: Mapping[Path, Document], version: int
) -> _Epochs:
    from ensemble_switchover.results.epochs_file import load_epochs_files  # polars takes its time

    counts = [documents[folder].summary.num_epochs for folder in files]
    found = load_epochs_files(list(files.values()), counts, version)
    return list(zip(files, found, strict=True))


def read_attachment(folder: Path, name: str) -> bytes:
    """Read a further file of a record.

    Raises:
        RecordError: if the record has no such file, or it is damaged.
    """
    stored = read_document(folder).files.get(name)
    if stored is None:
        raise RecordError(f"{folder / RECORD_FILE}: has no {name}")
    return read_file(folder, name, stored)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Spare the collector looking through millions of objects that are all kept."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write_folder(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    beside = unfinished_folder(folder)
    temporary = _temporary_folder(beside)
    try:
        for name, content in files.items():
            if isinstance(content, Path):
                _put_file(content, temporary / name)
                continue
            with names_path(folder / name), (temporary / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _flush_folder(temporary)
        _put_in_place(temporary, folder)
        _flush_folder(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):  # a running one keeps its lock and its checkpoints there
            beside.rmdir()


def _put_file(source: Path, place: Path) -> None:
    """Give a file that was flushed a second name; copy it where the file system has none."""
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _temporary_folder(beside: Path) -> Path:
    while True:
        make_folder(beside)
        with suppress(FileNotFoundError):  # another process removed it at this moment
            return make_temporary_folder(beside)


def _put_in_place(temporary: Path, folder: Path) -> None:
    """Rename a folder over what a failed run left, never over a record."""
    if (folder / RECORD_FILE).exists():
        read_document(folder)
        return
    for name in (FAILURE_FILE, CONFIG_FILE, LOG_FILE):
        (folder / name).unlink(missing_ok=True)
    try:
        temporary.rename(folder)  # succeeds over an empty folder, and over no other
    except OSError:
        if (folder / RECORD_FILE).exists():
            read_document(folder)  # another process was faster by a moment
        else:
            _put_beside_strangers(temporary, folder)


def _put_beside_strangers(temporary: Path, folder: Path) -> None:
    """Move files to where the user keeps something; what makes it a run comes last."""
    names = {path.name for path in temporary.iterdir()}
    for name in sorted(names, key=lambda name: name in (RECORD_FILE, FAILURE_FILE)):
        (temporary / name).replace(folder / name)
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
