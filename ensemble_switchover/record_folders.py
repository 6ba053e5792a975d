"""The records below several folders together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.layout import RECORD_FILE
from ensemble_switchover.results.store import read_records
from ensemble_switchover.terminal import complain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.record import Record


def read_studies(folders: Sequence[Path]) -> list[Record]:
    """Read the records below several folders, each once; what cannot be read is told.

    Raises:
        RecordError: if a folder is absent, or no run is finished.
    """
    records = []
    whole = {folder.resolve(): folder for folder in reversed(folders)}
    for path, folder in reversed(whole.items()):
        if not whole.keys().isdisjoint(path.parents):
            continue  # it lies within another
        found = read_records(folder)
        records += found.records
        for entry in found.unreadable:
            complain(f"left out: {entry.reason}")
    if not records:
        names = ", ".join(map(str, folders))
        raise RecordError(f"{names}: no finished run; expected <run>/{RECORD_FILE} below it")
    return records
