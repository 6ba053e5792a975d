"""A launcher as Hydra makes that of Slurm, whose jobs train nothing: they do as they are told."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

if TYPE_CHECKING:
    from pathlib import Path


class EchoLauncher:
    """Returns what each job is told, or ends in trouble in its place."""

    def __init__(self, folder: Path, **params: object) -> None:
        self.params = {
            "submitit_folder": str(folder / ".submitit" / "%j"),
            "max_num_timeout": 0,
            "array_parallelism": 256,
            "partition": "main",
            "timeout_min": 10,
            "cpus_per_task": 1,
            **params,
        }
        self.config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
        self.folder = folder

    def __call__(self, overrides, job_dir_key, number, job_id, state) -> JobReturn:
        (word,) = overrides
        (self.folder / f"{number}.ran").open("a").write(
            f"{os.environ.get('SLURM_ARRAY_JOB_ID')} {os.environ.get('SLURM_ARRAY_TASK_ID')}\n"
        )
        if word == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "waits":
            time.sleep(600)
        return JobReturn(status=JobStatus.COMPLETED, _return_value=f"{number}: {word}")
