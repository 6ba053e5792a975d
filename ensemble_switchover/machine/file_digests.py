"""Hashes of files' contents, kept so that a later start compares only sizes and times."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from ensemble_switchover.machine.caches import optional_cache
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.hardware import num_processors
from ensemble_switchover.machine.system_errors import may_pass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DIGEST = re.compile("[0-9a-f]{64}")
ABSENT_DIGEST = "absent"
"""Stands for the hash of a file that is absent or cannot be read."""
FILES_A_TASK = 64
MAX_HASHING_THREADS = 8
"""Threads that hash: disks and file servers answer several at a time."""


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
    start = f"{root}{os.sep}"
    found = {file: _known_entry(start + file, known.get(file)) for file in files}
    new = [file for file, entry in found.items() if entry is None]
    tasks = [new[first : first + FILES_A_TASK] for first in range(0, len(new), FILES_A_TASK)]
    with ThreadPoolExecutor(min(MAX_HASHING_THREADS, num_processors())) as pool:
        for task, entries in zip(tasks, pool.map(partial(_entries, root), tasks), strict=True):
            found |= zip(task, entries, strict=True)
    if found != known:
        write_json_object(path, found)
    return {file: entry[-1] for file, entry in found.items() if entry}


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


def _known_entry(path: str, known: object) -> list[str] | None:
    """Return the former entry of a file if its size and modification time are the same."""
    if not isinstance(known, list) or len(known) != 3:
        return None
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path takes longer than the look at the file
    except OSError:
        return None
    holds = known[0] == str(status.st_size) and known[1] == str(status.st_mtime_ns)
    return known if holds and _is_digest(known[2]) else None


def _entries(root: Path, files: Sequence[str]) -> list[list[str]]:
    return [_entry(root / file) for file in files]


def _entry(path: Path) -> list[str]:
    """Return the size, modification time and hash of a file."""
    try:
        status = path.stat()
        if not path.is_file():
            return [ABSENT_DIGEST]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return [str(status.st_size), str(status.st_mtime_ns), digest]
    except OSError as error:
        if may_pass(error):
            raise
        return [ABSENT_DIGEST]


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and bool(_DIGEST.fullmatch(value))
