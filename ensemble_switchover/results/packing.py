"""Pack the records of a study into one archive, to publish beside a paper or to ship."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from ensemble_switchover.config.config_dirs import FILE
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document, read_file
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import (
    LOG_FILE,
    RECOMPUTED_FILE,
    RECORD_FILE,
    TIMINGS_FILE,
    WEIGHTS_FILE,
    is_predictions_file,
)
from ensemble_switchover.results.own_checksum import NO_CHECKSUM, sign_text
from ensemble_switchover.results.run_table import shown_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from ensemble_switchover.results.document import Document

DATE = (1980, 1, 1, 0, 0, 0)
"""Of every file of an archive, so that the same records make the same bytes."""
_ADDED = (RECOMPUTED_FILE, TIMINGS_FILE)
"""Files that may have been added beside a record, and sign themselves."""


@dataclass(frozen=True, slots=True)
class PackedStudy:
    """An archive of records."""

    content: bytes
    num_records: int
    num_with_predictions: int
    """Records whose predictions are in it, of those that kept any."""
    named_folders: tuple[str, ...]
    """Folders of this machine that the configurations name, such as that of the results."""


def pack_study(folder: Path, predictions_of: Collection[str] = ()) -> PackedStudy:
    """Pack the finished runs below a folder, as `unpack_study` and every unzip unpack them.

    Trained weights, logs and what is unfinished stay behind. A record without its predictions no
    longer lists them, and is signed anew; all else of it is as it was.

    Args:
        folder: Of the study, whose name is that of the folder in the archive.
        predictions_of: The runs whose predictions are packed too, by their folders below `folder`,
            as the column `folder` of `list_runs` has them.

    Raises:
        RecordError: if there is no finished run, or one of them is damaged.
    """
    runs = sorted(find_runs(folder).recorded)
    if not runs:
        raise RecordError(f"{folder}: has no finished run; expected a study's folder of records")
    root = folder.resolve()
    with_predictions, named = 0, set[str]()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for run in runs:
            document = read_document(run)
            wanted = shown_folder(run, folder) in predictions_of
            kept = {name for name in document.files if _is_packed(run / name, predictions=wanted)}
            with_predictions += any(map(is_predictions_file, kept))
            named.update(_folders_named_by(document.record.config))
            place = PurePosixPath(root.name, run.resolve().relative_to(root))
            for name, content in sorted(_contents(document, kept).items()):
                entry = zipfile.ZipInfo(f"{place}/{name}", DATE)
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return PackedStudy(buffer.getvalue(), len(runs), with_predictions, tuple(sorted(named)))


def _contents(document: Document, kept: Collection[str]) -> dict[str, bytes]:
    """Return the record and the kept files beside it, by their names."""
    folder = document.folder
    contents = {name: read_file(folder, name, document.files[name]) for name in kept}
    contents[RECORD_FILE] = _record_with(folder, kept, document)
    for name in _ADDED:
        if (folder / name).exists():
            contents[name] = (folder / name).read_bytes()
    return contents


def _record_with(folder: Path, kept: Collection[str], document: Document) -> bytes:
    """Return the text of a record that lists the kept files alone."""
    content = (folder / RECORD_FILE).read_bytes()
    if len(kept) == len(document.files):
        return content
    values = from_json(content)
    values["files"] = {name: stored for name, stored in values["files"].items() if name in kept}
    values["sha256"] = NO_CHECKSUM
    return sign_text(to_json(values, indent=1, inf_nan_mode="constants"))


def _is_packed(path: Path, *, predictions: bool) -> bool:
    """Return whether a file beside a record is packed; predictions may have been removed since."""
    if is_predictions_file(path.name):
        return predictions and path.exists()
    return path.name not in (WEIGHTS_FILE, LOG_FILE)  # the log names the computer


def _folders_named_by(value: object) -> Iterator[str]:
    """List the paths among the values of a configuration that are absolute, or below a home."""
    if isinstance(value, str) and value.startswith(("/", "~", FILE)):
        yield value.removeprefix(FILE)
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(_folders_named_by, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_folders_named_by, value))
