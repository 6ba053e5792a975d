"""Folders that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import TEMPORARY_PREFIX, make_temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder, which takes the name of `path` once the block has ended.

    A folder that is there is replaced with all that is in it; where it is a symbolic link, so is
    the folder that the link leads to. If the block fails, nothing is left of it, and a former
    folder stays.

    Raises:
        OSError: if it cannot be written; the error names `path`, or a file in it.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = make_temporary_folder(target.parent)
    try:
        yield temporary
        _take_name(temporary, target)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and TEMPORARY_PREFIX in str(error.filename):
            error.filename, error.filename2 = str(path), None
        raise


def _take_name(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    former = make_temporary_folder(target.parent)
    target.rename(former)  # in place of the empty folder
    try:
        temporary.rename(target)
    except BaseException:
        former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)
