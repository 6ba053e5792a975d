"""The figures of a day: a file of one JSON object a line, appended to as they are measured.

A line is of a `session` (one call of the command) or of an `item` (one measurement) with a
`status`: `begun`, `measured` (with its `values`), `failed` or `cut` (with the `reason`). Of an item
the last line counts, but a measurement is not undone by a later failure.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FIGURES_FILE = "figures.jsonl"
BEGUN, MEASURED, FAILED, CUT = "begun", "measured", "failed", "cut"
NOT_BEGUN = "not begun"


class Figures:
    """The file of figures in a folder; several processes may append to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FIGURES_FILE

    def write(self, **content: Any) -> None:
        """Append a line in one write, which a kill does not tear.

        Raises:
            OSError: if it cannot be written.
        """
        line = json.dumps({**content, "at": datetime.now(UTC).isoformat(timespec="seconds")})
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(file).st_size
            is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # a full disk's half line
            os.write(file, f"{chr(10) if is_torn else ''}{line}\n".encode())
        finally:
            os.close(file)

    def read(self) -> list[dict[str, Any]]:
        """Return all whole lines; none where there is no file."""
        if not self.path.exists():
            return []
        lines = []
        for text in self.path.read_text(errors="replace").splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                lines.append(line)
        return lines

    def sessions(self) -> list[dict[str, Any]]:
        """Return the lines of sessions, in their order."""
        return [line for line in self.read() if "session" in line]

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the line that counts of every item."""
        counting: dict[str, dict[str, Any]] = {}
        for line in self.read():
            name = line.get("item")
            if isinstance(name, str) and (
                line.get("status") == MEASURED or counting.get(name, {}).get("status") != MEASURED
            ):
                counting[name] = line
        return counting


def reason_of(line: dict[str, Any] | None) -> str:
    """Say why an item has no values.

    >>> reason_of(None), reason_of({"status": "begun"})
    ('not begun', 'the day was ended during it')
    """
    if line is None:
        return NOT_BEGUN
    if line.get("status") == BEGUN:
        return "the day was ended during it"
    return str(line.get("reason", ""))
