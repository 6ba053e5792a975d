"""What the environment says about runs of W&B: what counts, and what would merge runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ensemble_switchover.machine.paths import user_path

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

OVERRULED = (
    "WANDB_RUN_ID",
    "WANDB_RESUME",
    "WANDB_RESUME_FROM",
    "WANDB_FORK_FROM",
    "WANDB_SWEEP_ID",
    "WANDB_LAUNCH",
    "WANDB_NAME",
    "WANDB_RUN_NAME",
    "WANDB_RUN_GROUP",
    "WANDB_JOB_TYPE",
    "WANDB_RUN_JOB_TYPE",
)
"""Variables that say which run it is, and would make one run of all those of a sweep."""

SERVICE = "WANDB_SERVICE"
"""The variable by which W&B's helper process is known to all that its starter starts."""


def overruled_variables(environment: Mapping[str, str] = os.environ) -> str | None:
    """Say in one sentence which variables of W&B do not count; None where none of them is set.

    >>> overruled_variables({"WANDB_RUN_ID": "abc", "WANDB_DIR": "/scratch"})
    'W&B: WANDB_RUN_ID does not count: every run has its own id, name, group and job type'
    """
    names = [name for name in OVERRULED if environment.get(name)]
    if not names:
        return None
    return (
        f"W&B: {', '.join(names)} {'does' if len(names) == 1 else 'do'} not count: every run has "
        f"its own id, name, group and job type"
    )


def forget_overruled(environment: MutableMapping[str, str] = os.environ) -> None:
    """Remove these variables for this process, since W&B puts some of them above what it is told.

    With a sweep of W&B's, it takes the id from the environment alone.
    """
    for name in OVERRULED:
        environment.pop(name, None)


def forget_service_of_others(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let this process have a helper of W&B's of its own, whatever process has started it.

    A helper that is shared takes the run of a killed process for one in use, and refuses the
    process that goes on with it.
    """
    if environment.get(SERVICE, "").split("-")[1:2] != [str(os.getpid())]:
        environment.pop(SERVICE, None)


def wandb_folder(study_folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder below which W&B keeps its files: WANDB_DIR, or else that of the study."""
    own = environment.get("WANDB_DIR")
    return user_path(own) if own else study_folder


def tags_of_environment(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the tags of WANDB_TAGS, which runs have besides their own.

    >>> tags_of_environment({"WANDB_TAGS": "mine, second,"})
    ['mine', 'second']
    """
    tags = environment.get("WANDB_TAGS", "").split(",")
    return [tag.strip() for tag in tags if tag.strip()]
