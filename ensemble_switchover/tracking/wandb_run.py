"""A run of W&B: online where that is possible, else kept on disk to be sent later."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import wandb

from ensemble_switchover.config.schema import has_login
from ensemble_switchover.config.wandb_names import (
    MAX_TAG_BYTES,
    MAX_WANDB_NAME_BYTES,
    shortened,
    wandb_group,
)
from ensemble_switchover.errors import first_line
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.tracking.wandb_environment import (
    forget_overruled,
    forget_service_of_others,
    tags_of_environment,
    wandb_folder,
)
from ensemble_switchover.tracking.wandb_mode import server_answers, wandb_is_offline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.schema import LoggerConfig

_logger = logging.getLogger(__name__)

WANDB_ANSWER_SECONDS = 5
"""Seconds that W&B's server has to answer at all."""

WANDB_START_SECONDS = 30
"""Seconds that it has to accept a run."""

WANDB_FINISH_SECONDS = 120
"""Seconds that it has to receive the rest of a run; what it did not receive is kept on disk."""

FLUSH_SECONDS = 1.0
"""Seconds after which a metric is in the file of a run that is offline."""

RUN_JOB, FIGURES_JOB = "run", "figures"
"""W&B's job types of a run and of the figures of a study."""

Mode = Literal["disabled", "offline", "online"]


def start_run(
    config: LoggerConfig,
    folder: Path,
    *,
    name: str,
    study: str,
    job_type: str,
    tags: Sequence[str],
    hyperparameters: Mapping[str, Any],
    run_id: str | None = None,
) -> wandb.Run:
    """Start a run online, or offline where there is no login, no answer, or no acceptance.

    Variables of the environment that say which run it is do not count.

    Args:
        config: Mode, project and entity; and what replaces the name and the group, or is added.
        folder: The folder below which W&B keeps its files, in `wandb`.
        name: The run's name by default.
        study: The run's group by default.
        job_type: W&B's job type.
        tags: Tags to find it by.
        hyperparameters: Its configuration.
        run_id: W&B's id of a run that goes on if it is there; by default it is a new one.

    Raises:
        ConfigError: for `logger.mode=online` without a login.
    """
    folder.mkdir(parents=True, exist_ok=True)
    forget_overruled()
    forget_service_of_others()

    def start(mode: Mode) -> wandb.Run:
        return wandb.init(
            id=run_id,
            resume=None if run_id is None else "allow",
            name=config.name or shortened(name, MAX_WANDB_NAME_BYTES),
            dir=folder,
            project=config.project,
            entity=config.entity,
            mode=mode,
            group=config.group or wandb_group(study),
            job_type=job_type,
            tags=_all_tags([*tags, *config.tags]),
            notes=config.notes,
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
        f"W&B: this run is kept offline ({reason}); send it: "
        f"wandb sync {shell_path(Path(run.dir).parent)}"
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
        wandb_folder(folder),
        name=f"figures of {study}",
        study=study,
        job_type=FIGURES_JOB,
        tags=[study],
        hyperparameters={},
    )
    run.log({key: wandb.Image(str(path)) for key, path in pictures.items()})
    run.finish()


def _all_tags(tags: Sequence[str]) -> list[str]:
    """Return the tags of a run and of the environment, each once and as W&B takes it."""
    every = (*tags, *tags_of_environment())
    return list(dict.fromkeys(shortened(tag, MAX_TAG_BYTES) for tag in every))


def _settings() -> wandb.Settings:
    return wandb.Settings(
        silent=True,
        console="off",
        init_timeout=WANDB_START_SECONDS,
        finish_timeout=WANDB_FINISH_SECONDS,
        finish_timeout_raises=True,
        sagemaker_disable=True,  # it would replace the run's id and group
        x_transaction_log_flush_interval=FLUSH_SECONDS,
        # W&B would record the command line
        x_disable_meta=any(has_login(word) for word in sys.argv),
    )
