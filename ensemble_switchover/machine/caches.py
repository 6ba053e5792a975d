"""Folders of what can be made again: where they are, and what is said where none can be written.

Nothing depends on a cache. Where one cannot be read or written, what it would hold is made anew.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import user_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_logger = logging.getLogger(__name__)

NO_FOLDER = Path(os.devnull)
"""Stands for the cache of a user without a home: nothing can be read or written below it."""
TOLD = "ENSEMBLE_SWITCHOVER_UNCACHED"
"""Environment variable that is set once the user knows; processes of the same command inherit it.
"""


def cache_folder(chosen: str | None, name: str) -> Path:
    """Return the folder of one kind of cached files.

    Args:
        chosen: `dataset.cache`; None for the project's folder in the user's cache.
        name: The kind, such as `calibrations`.
    """
    return cache_root(chosen) / name


def cache_root(chosen: str | None) -> Path:
    """Return the folder of all caches; one that cannot be written where the user has no home."""
    try:
        if chosen is not None:
            return user_path(chosen)
        return user_cache_path("ensemble_switchover")
    except (ConfigError, RuntimeError):  # no HOME, and a user that the system does not know
        return NO_FOLDER / "ensemble_switchover"


def check_cache(chosen: str | None) -> None:
    """Say so, once a command, if the folder of all caches cannot be made or written."""
    folder = cache_root(chosen)
    if not can_be_written(folder):
        _say_once(uncached_text(folder, "it cannot be written"))


def can_be_written(folder: Path) -> bool:
    """Tell whether a folder is there, or could be made, and could be written; nothing is made."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return folder != folder.parent and can_be_written(folder.parent)
    except OSError:  # it lies below a file, or its name is too long
        return False
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


@contextmanager
def optional_cache(folder: Path) -> Iterator[None]:
    """Leave a `with` where a cache cannot be used, and say so once a command.

    Args:
        folder: The folder of the cache, for the message.
    """
    try:
        yield
    except OSError as error:
        _say_once(uncached_text(folder, error.strerror or str(error)))


def _say_once(text: str) -> None:
    log = _logger.debug if os.environ.get(TOLD) else _logger.warning
    os.environ[TOLD] = "1"
    log(text)


def uncached_text(folder: Path, reason: str) -> str:
    """Say that caches are not used, why, and what to do."""
    where = f"in {folder}"
    if NO_FOLDER in folder.parents:
        where, reason = "for this user", "no home folder is known"
    return (
        f"nothing can be cached {where} ({reason}), so images are decoded and designs are timed "
        f"anew each time; dataset.cache= takes a folder that can be written"
    )
