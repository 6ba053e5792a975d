"""Hashes of files' contents, kept so that a later start compares only sizes and times."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

from ensemble_switchover.machine.caches import optional_cache
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.system_errors import may_pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DIGEST = re.compile("[0-9a-f]{64}")
ABSENT_DIGEST = "absent"
"""Stands for the hash of a file that is absent or cannot be read."""


def digests_of_files(root: Path, files: Sequence[str], memory: Path) -> dict[str, str]:
    """Hash the contents of files below a root.

    Args:
        root: The folder of the files.
        files: Paths below the root.
        memory: The folder in which hashes are kept; if it cannot be written, the next call hashes
            all files again.

    Returns:
        The hash of every file, in their order; `ABSENT_DIGEST` for one that cannot be read.

    Raises:
        OSError: if the machine fails to read a file, which says nothing of it.
    """
    path = memory / f"digests-{folder_digest(root)}.json"
    known = read_json_object(path)
    found = {file: _entry(root / file, known.get(file)) for file in files}
    if found != known:
        write_json_object(path, found)
    return {file: entry[-1] for file, entry in found.items()}


def digest_of_contents(digests: Mapping[str, str]) -> str:
    """Hash the names and contents of files; where their root lies does not matter.

    Args:
        digests: The hash of every file, by its path below the root.

    Returns:
        16 hexadecimal digits.
    """
    facts = "".join(f"{file}\0{digest}\n" for file, digest in digests.items())
    return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:16]


def folder_digest(root: Path) -> str:
    """Return 16 hexadecimal digits for the place of a folder on this machine."""
    return hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]


def read_json_object(path: Path) -> dict[str, Any]:
    """Read what `write_json_object` wrote; nothing from a file that is absent or damaged."""
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_json_object(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values to be read later; a file that cannot be written is done without."""
    with optional_cache(path.parent):
        write_file(path, json.dumps(content).encode())


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
    except OSError as error:
        if may_pass(error):
            raise
        return [ABSENT_DIGEST]


def _is_digest(rest: list[object]) -> bool:
    return len(rest) == 1 and isinstance(rest[0], str) and bool(_DIGEST.fullmatch(rest[0]))
