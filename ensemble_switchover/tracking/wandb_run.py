"""A run of W&B: online where that can be, else kept on disk and sent later."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import wandb

from ensemble_switchover.config.schema import has_login
from ensemble_switchover.errors import first_line
from ensemble_switchover.results.layout import CONFIG_FILE, RECORD_FILE
from ensemble_switchover.tracking.wandb_login import server_answers, wandb_is_offline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import LoggerConfig
    from ensemble_switchover.results.record import Record

_logger = logging.getLogger(__name__)

WANDB_ANSWER_SECONDS = 5
"""What W&B's server has to answer at all."""

WANDB_START_SECONDS = 30
"""What it has to accept a run."""

WANDB_FINISH_SECONDS = 120
"""What it has to take the rest of a run; what it did not take is kept on disk."""

RUN_JOB, FIGURES_JOB = "run", "figures"
"""W&B's job types: of a run, and of the figures of a study."""

RECORD_FILES = (RECORD_FILE, CONFIG_FILE, "epochs.*")

Mode = Literal["disabled", "offline", "online"]


class WandbLog:
    """A run of W&B, of the group that is its study."""

    def __init__(self, run: wandb.Run) -> None:
        """Take a run that was started."""
        self._run = run
        run.define_metric("*", step_metric="epoch")

    @classmethod
    def start(
        cls, config: LoggerConfig, spec: RunSpec, hyperparameters: Mapping[str, Any]
    ) -> WandbLog:
        """Start the run of W&B that stands for a run."""
        return cls(
            start_run(
                config,
                spec.study_folder,
                name=spec.name,
                study=spec.study,
                job_type=RUN_JOB,
                tags=[
                    spec.design.design_class.value,
                    spec.family.name,
                    spec.dataset.name,
                    f"k={spec.design.k}",
                    spec.study,
                ],
                hyperparameters=hyperparameters,
            )
        )

    def log(self, metrics: Mapping[str, float], step: int) -> None:  # noqa: ARG002
        """Send the metrics of one epoch; `epoch` is among them."""
        self._run.log(dict(metrics))

    def keep(self, record: Record, folder: Path, summary: Mapping[str, float]) -> None:
        """Send the figures of the whole run, and its record as an artifact."""
        self._run.summary.update(dict(summary))
        artifact = wandb.Artifact(
            f"record-{record.fingerprint}",
            type="record",
            metadata={
                "name": record.name,
                "study": record.study,
                "schema_version": record.schema_version,
            },
        )
        for path in sorted(path for pattern in RECORD_FILES for path in folder.glob(pattern)):
            artifact.add_file(str(path), policy="immutable")  # read from there, not copied
        self._run.log_artifact(artifact)

    def finish(self, *, success: bool) -> None:
        """End the run, so that the next one of this process is another."""
        try:
            self._run.finish(exit_code=0 if success else 1)
        except TimeoutError as error:
            raise TimeoutError(
                f"W&B did not take all of it in {WANDB_FINISH_SECONDS} s; it is on disk: "
                f"wandb sync {Path(self._run.dir).parent}"
            ) from error
        except Exception:
            with suppress(Exception):
                wandb.teardown()  # its process is gone; the next run starts another
            raise


def start_run(
    config: LoggerConfig,
    folder: Path,
    *,
    name: str,
    study: str,
    job_type: str,
    tags: Sequence[str],
    hyperparameters: Mapping[str, Any],
) -> wandb.Run:
    """Start a run online, or offline where there is no login, no answer, or no acceptance.

    Args:
        config: Mode, project and entity.
        folder: Where W&B keeps its files, below `wandb`.
        name: The run's name.
        study: The run's group.
        job_type: What kind of run it is.
        tags: What to find it by.
        hyperparameters: Its configuration.

    Raises:
        ConfigError: for `logger.mode=online` without a login.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def start(mode: Mode) -> wandb.Run:
        return wandb.init(
            name=name,
            dir=folder,
            project=config.project,
            entity=config.entity,
            mode=mode,
            group=study,
            job_type=job_type,
            tags=list(tags),
            config=dict(hyperparameters),
            reinit="create_new",  # never the run of a job before it
            settings=_settings(),
        )

    if os.environ.get("WANDB_MODE") == "disabled":
        return start("disabled")
    if wandb_is_offline(config.mode):
        reason = "as asked" if config.mode == "offline" else "no login"
    else:
        server = wandb.setup(wandb.Settings(silent=True)).settings.base_url
        if server_answers(server, WANDB_ANSWER_SECONDS):
            try:
                return start("online")
            except Exception as error:  # noqa: BLE001 - whatever it is, the disk takes the run
                reason = f"{type(error).__name__}: {first_line(error)}"
        else:
            reason = f"{server} does not answer"
    run = start("offline")
    _logger.info(
        f"W&B: this run is kept offline ({reason}); send it: wandb sync {Path(run.dir).parent}"
    )
    return run


def log_figures(
    config: LoggerConfig, folder: Path, study: str, pictures: Mapping[str, Path]
) -> None:
    """Log the figures of a study, as a run of its own.

    Args:
        config: Mode, project and entity.
        folder: The study's folder.
        study: The group.
        pictures: Key -> image file.
    """
    run = start_run(
        config,
        folder,
        name=f"figures of {study}",
        study=study,
        job_type=FIGURES_JOB,
        tags=[study],
        hyperparameters={},
    )
    run.log({key: wandb.Image(str(path)) for key, path in pictures.items()})
    run.finish()


def _settings() -> wandb.Settings:
    return wandb.Settings(
        silent=True,
        console="off",
        init_timeout=WANDB_START_SECONDS,
        finish_timeout=WANDB_FINISH_SECONDS,
        finish_timeout_raises=True,
        # W&B notes the command line
        x_disable_meta=any(has_login(word) for word in sys.argv),
    )
