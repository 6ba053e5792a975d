"""Where the files of data sets and their decoded arrays are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import user_cache

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import DatasetConfig


def dataset_root(config: DatasetConfig) -> Path:
    """Return `dataset.root`, or the project's folder in the user's cache."""
    return user_cache("datasets") if config.root is None else Path(config.root).expanduser()


def array_cache_folder(config: DatasetConfig) -> Path:
    """Return `dataset.cache`, or the project's folder in the user's cache."""
    return user_cache("arrays") if config.cache is None else Path(config.cache).expanduser()
