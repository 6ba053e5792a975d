"""The size that was chosen for a study, kept in its folder: the same command goes on with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from ensemble_switchover.config.store_names import CHOICE_FILE
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.sweep.choice.study_size import StudySize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_choice(folder: Path, asked: Mapping[str, object]) -> StudySize | None:
    """Read what was chosen for a study; None if nothing was.

    Args:
        folder: The folder of the study.
        asked: What the choice was made for.

    Raises:
        ConfigError: if it was made for something else, such as other images.
    """
    try:
        values = json.loads((folder / CHOICE_FILE).read_text())
        size: StudySize = TypeAdapter(StudySize).validate_python(values["size"])
        of = values["asked"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(of, dict):
        return None
    differing = [name for name in asked if of.get(name) != asked[name]]
    if differing:
        raise ConfigError(
            f"{shell_path(folder)}: holds a study of other {' and '.join(differing)}; expected "
            f"--study with a name of its own, or that folder removed"
        )
    return size


def write_choice(folder: Path, asked: Mapping[str, object], size: StudySize) -> None:
    """Keep what was chosen for a study.

    Raises:
        OSError: if it cannot be written.
    """
    values = {"asked": dict(asked), "size": asdict(size)}
    write_file(folder / CHOICE_FILE, json.dumps(values, indent=1).encode())
