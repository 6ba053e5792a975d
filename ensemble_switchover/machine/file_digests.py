"""Hashes of files' contents, kept so that a later start compares only sizes and times."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from ensemble_switchover.machine.caches import optional_cache
from ensemble_switchover.machine.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DIGEST = re.compile("[0-9a-f]{64}")
ABSENT_DIGEST = "absent"
"""Stands for the hash of a file that is absent or cannot be read."""


def digest_of_contents(root: Path, files: Sequence[str], memory: Path) -> str:
    """Hash the names and contents of files below a root; where the root lies does not matter.

    Args:
        root: The folder of the files.
        files: Paths below the root.
        memory: The folder in which hashes are kept; if it cannot be written, the next call hashes
            all files again.

    Returns:
        16 hexadecimal digits.
    """
    path = memory / f"digests-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}.json"
    known = _read(path)
    found = {file: _entry(root / file, known.get(file)) for file in files}
    if found != known:
        _write(path, found)
    facts = "".join(f"{file}\0{entry[-1]}\n" for file, entry in found.items())
    return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:16]


def _entry(path: Path, known: object) -> list[str]:
    """Return the size, modification time and hash of a file; the former entry if it still holds."""
    try:
        status = path.stat()
        state = [str(status.st_size), str(status.st_mtime_ns)]
        if isinstance(known, list) and known[:2] == state and _is_digest(known[2:]):
            return known
        if not path.is_file():
            return [ABSENT_DIGEST]
        with path.open("rb") as file:
            return [*state, hashlib.file_digest(file, "sha256").hexdigest()]
    except OSError:
        return [ABSENT_DIGEST]


def _is_digest(rest: list[object]) -> bool:
    return len(rest) == 1 and isinstance(rest[0], str) and bool(_DIGEST.fullmatch(rest[0]))


def _read(path: Path) -> dict[str, object]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(path: Path, found: dict[str, list[str]]) -> None:
    with optional_cache(path.parent), whole_file(path) as part:
        part.write_text(json.dumps(found))
