"""Hashes of files' bytes, remembered so that a later start only looks at sizes and times."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ABSENT_DIGEST = "absent"
"""In place of the hash of what is no file that can be read."""


def digest_of_contents(root: Path, files: Sequence[str], memory: Path) -> str:
    """Hash names and bytes of files below a root, wherever the root is.

    Args:
        root: The folder of the files.
        files: Paths below it.
        memory: Folder where hashes are remembered; where it cannot be written, all files are
            hashed again the next time.
    """
    place = memory / f"digests-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.json"
    known = _read(place)
    found = {file: _entry(root / file, known.get(file)) for file in files}
    if found != known:
        _write(place, found)
    facts = "".join(f"{file}\0{entry[-1]}\n" for file, entry in found.items())
    return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:16]


def _entry(path: Path, known: object) -> list[str]:
    """Return size, time of change and hash of a file."""
    try:
        status = path.stat()
        state = [str(status.st_size), str(status.st_mtime_ns)]
        if isinstance(known, list) and len(known) == 3 and known[:2] == state:
            return known
        if not path.is_file():
            return [ABSENT_DIGEST]
        with path.open("rb") as file:
            return [*state, hashlib.file_digest(file, "sha256").hexdigest()]
    except OSError:
        return [ABSENT_DIGEST]


def _read(place: Path) -> dict[str, object]:
    try:
        known = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(place: Path, found: dict[str, list[str]]) -> None:
    with suppress(OSError), whole_file(place) as part:
        part.write_text(json.dumps(found))
