"""Where the files of data sets, and their decoded arrays, are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import DatasetConfig


def dataset_root(config: DatasetConfig) -> Path:
    """Return `dataset.root`, or the project's folder in the user's cache."""
    if config.root is not None:
        return Path(config.root).expanduser()
    return user_cache_path("ensemble_switchover") / "datasets"


def cache_folder(config: DatasetConfig) -> Path:
    """Return `dataset.cache`, or the project's folder in the user's cache."""
    if config.cache is not None:
        return Path(config.cache).expanduser()
    return user_cache_path("ensemble_switchover") / "arrays"
