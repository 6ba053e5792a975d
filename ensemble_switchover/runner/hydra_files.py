"""Hydra's files of a job, kept beside the records of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.results.layout import RECORD_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ensemble_switchover.config.schema import Config


def keep_hydra_files(files: Mapping[str, bytes], configs: Iterable[Config]) -> None:
    """Write Hydra's files into the folders of finished runs that have none yet.

    Args:
        files: Their contents, by their paths in the folder of a run.
        configs: The configurations of the runs.

    Raises:
        OSError: if one cannot be written.
    """
    if not files:
        return
    for config in configs:
        try:
            folder = resolve(config).folder
        except EnsembleSwitchoverError:  # told by the job
            continue
        if (folder / RECORD_FILE).is_file():
            for name, content in files.items():
                if not (folder / name).exists():
                    write_file(folder / name, content)
