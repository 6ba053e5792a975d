"""Checks of names and folders, so that nothing is trained for a record without a place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ensemble_switchover.config.store_names import UNFINISHED_FOLDER, expected_of_name
from ensemble_switchover.config.wandb_names import (
    MAX_TAG_BYTES,
    expected_of_group,
    expected_of_label,
    expected_of_project,
    expected_of_tag,
)
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import is_text, on_one_line, path_problem, user_path

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import Config, LoggerConfig

OWN_IMAGES = "folder"
"""The name of the data set that is a folder of the user's images."""


def place_problems(config: Config) -> list[str]:
    """Return what is wrong with the names and folders of a configuration."""
    problems = []
    expected = expected_of_name(config.study)
    if expected is not None:
        problems.append(f"study={on_one_line(config.study)}: expected {expected}")
    name = config.dataset.name
    if "/" in name or not name.isprintable() or not 0 < len(name.encode()) <= MAX_TAG_BYTES:
        problems.append(
            f"dataset.name={on_one_line(name)}: expected a name of 1 to {MAX_TAG_BYTES} bytes, "
            f"without /"
        )
    if config.logger.kind == "wandb":
        problems += _wandb_problems(config.logger)
        problems += _wandb_folder_problems(config)
    for key in ("root", "cache"):
        folder = getattr(config.dataset, key)
        if folder is not None:
            # `folder_layout` says what lies in place of a folder of images
            is_read = key == "root" and name == OWN_IMAGES
            problems += _folder_problems(f"dataset.{key}", folder, is_read=is_read)
    return [*problems, *_folder_problems("results", config.results)]


def _wandb_problems(logger: LoggerConfig) -> list[str]:
    """Refuse what W&B would refuse once training has begun."""
    given = [
        ("project", logger.project, expected_of_project),
        ("entity", logger.entity, expected_of_project),
        ("name", logger.name, expected_of_label),
        ("group", logger.group, expected_of_group),
        *(("tags", tag, expected_of_tag) for tag in logger.tags),
    ]
    return [
        f"logger.{key}={on_one_line(value)}: expected {expected}"
        for key, value, check in given
        if value is not None and (expected := check(value)) is not None
    ]


def _wandb_folder_problems(config: Config) -> list[str]:
    """Refuse a folder of W&B that it cannot name in its logs."""
    key = "WANDB_DIR" if os.environ.get("WANDB_DIR") else "results"
    text = os.environ.get("WANDB_DIR") or config.results
    try:
        folder = user_path(text, f"{key}=")
    except ConfigError as error:
        return [str(error)] if key == "WANDB_DIR" else []
    if is_text(str(folder)) or not is_text(config.results):
        return []
    return [
        f"{key}={on_one_line(text)}: the folder {on_one_line(folder)} is not UTF-8, which W&B "
        f"needs; expected another, or logger=none"
    ]


def _folder_problems(key: str, text: str, *, is_read: bool = False) -> list[str]:
    """Refuse a folder that cannot be made, or no file system has, where it is only read."""
    shown = f"{key}={on_one_line(text)}"
    if not text:
        return [f"{shown}: expected the name of a folder"]
    if key == "results" and UNFINISHED_FOLDER in text.split("/"):
        return [f"{shown}: expected a folder that is not among those of unfinished runs"]
    if not is_text(text):
        return [f"{shown}: is not UTF-8; expected a name without such bytes"]
    try:
        path = user_path(text, f"{key}=")
    except ConfigError as error:
        return [str(error)]
    problem = path_problem(str(path))
    if problem is not None:
        return [f"{shown}: {problem}"]
    try:
        there = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    except OSError as error:
        return [f"{shown}: expected a folder: {error.strerror}"]
    if there is None or there.is_dir() or is_read:
        return []
    return [f"{shown}: expected a folder, but {there} is none"]
