"""Where the files of data sets and their decoded arrays are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.machine.caches import cache_folder, cache_root
from ensemble_switchover.machine.paths import user_path

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.config.dataset_config import DatasetConfig


def dataset_root(config: DatasetConfig) -> Path:
    """Return `dataset.root`, or the folder of downloaded files among the caches."""
    if config.root is not None:
        return user_path(config.root, "dataset.root=")
    return cache_folder(config.cache, "datasets")


def array_cache_folder(config: DatasetConfig) -> Path:
    """Return the folder of decoded images: `dataset.cache` itself, or one in the user's cache."""
    if config.cache is not None:
        return cache_root(config.cache)
    return cache_folder(None, "arrays")
