"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole_file(path: Path, content: bytes) -> None:
    """Write a file under another name, flush it, and give it its own name.

    Raises:
        OSError: if it cannot be written; what was under its name stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
