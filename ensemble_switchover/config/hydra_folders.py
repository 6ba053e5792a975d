"""Hydra's own files and folders: its files belong to a run, whose folder has a name later than it.

Hydra writes its files (`hydra.output_subdir`) before a job begins. They wait in a temporary folder
until the run is recorded. Where records lie, `results=` and `study=` say, and no folder of Hydra's.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ensemble_switchover.config.store_names import OWN_NAMES
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hydra.conf import HydraConf
    from omegaconf import DictConfig

RUN_FOLDERS = ("hydra.run.dir", "hydra.sweep.subdir")
SWEEP_FOLDER = "hydra.sweep.dir"
FILES_FOLDER = "hydra.output_subdir"
PRIMARY_CONFIG = "config"
"""The file of `conf/` that composes a run."""


def hydra_folder(subdir: str | None) -> str:
    """Return the folder in which Hydra begins a job: a temporary one for files that it writes.

    >>> hydra_folder(None), hydra_folder(".hydra") == hydra_folder("hydra")
    ('.', True)
    """
    return "." if subdir is None else str(_waiting_folder())


def refuse_hydra_folders(words: Iterable[str]) -> None:
    """Refuse folders of Hydra in which a run would leave nothing, and names that a record has.

    Raises:
        ConfigError: naming the first of them.
    """
    for word in words:
        key, _, value = word.lstrip("+").partition("=")
        if key in RUN_FOLDERS:
            raise ConfigError(_no_folder(word))
        name = value.strip("'\"")
        if key == FILES_FOLDER and (name in {"", ".", ".."} | OWN_NAMES or "/" in name):
            raise ConfigError(
                f"{word}: expected the name of a folder that no record has, such as .hydra; it "
                f"lies in the folder of each run"
            )
        if key == "-cp" or (len(key) > len("--config-") and "--config-path".startswith(key)):
            raise ConfigError(
                f"{key}: would replace all groups of the program; expected --config-dir FOLDER, "
                f"whose options are added to them"
            )


def refuse_idle_in_sweep(config: DictConfig) -> None:
    """Refuse a folder for the logs of a launcher that keeps none, and another primary config.

    Raises:
        ConfigError: if the folder was overridden, and the launcher is none of Slurm's; if another
            file than that of the program would compose the runs.
    """
    given = [word for word in config.hydra.overrides.hydra if word.startswith(f"{SWEEP_FOLDER}=")]
    if given and "submitit_folder" not in config.hydra.launcher:
        raise ConfigError(_no_folder(given[0]))
    name = config.hydra.job.config_name
    if name != PRIMARY_CONFIG:
        raise ConfigError(
            f"--config-name {name}: is for one run, and this is a sweep; expected "
            f"--config-dir FOLDER with experiment/{name}.yaml in it, and experiment={name}"
        )


def take_hydra_files(hydra: HydraConf) -> dict[str, bytes]:
    """Return the files that Hydra wrote for this job, by their paths in the folder of a run.

    Args:
        hydra: Hydra's own configuration of the job.
    """
    if hydra.output_subdir is None:
        return {}
    begun_in = Path(hydra.runtime.output_dir)
    written = sorted((begun_in / hydra.output_subdir).iterdir())
    files = {f"{hydra.output_subdir}/{path.name}": path.read_bytes() for path in written}
    if begun_in == _waiting_folder():
        shutil.rmtree(begun_in)
    return files


def _no_folder(word: str) -> str:
    return (
        f"{word}: nothing of a run would be there; expected results=FOLDER or study=NAME, below "
        f"which every run has a folder of its own"
    )


@cache
def _waiting_folder() -> Path:
    """Name a folder for this process; Hydra makes it."""
    unique = f"ensemble_switchover_hydra_{os.getpid()}_{secrets.token_hex(4)}"
    return Path(os.path.realpath(tempfile.gettempdir())) / unique
