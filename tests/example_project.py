"""The example project of docs/extending.md: its files and its commands."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

from tests.program import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (REPOSITORY / "docs" / "extending.md").read_text("utf-8")
_FILE = re.compile(
    r"^`([\w/.]+\.(?:py|yaml))`[^\n]*:\n\n```\w+\n(.*?)```", re.MULTILINE | re.DOTALL
)
FILES: dict[str, str] = dict(_FILE.findall(PAGE))
COMMANDS = [shlex.split(line) for line in re.findall(r"^python -m .*--config-dir.*", PAGE, re.M)]


def write_example(folder: Path) -> None:
    """Write the files of the project."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@contextmanager
def nothing_registered() -> Iterator[None]:
    """Forget what is registered and imported of a user's own within this block."""
    import sys

    from hydra.core.config_store import ConfigStore

    from ensemble_switchover.config import groups
    from ensemble_switchover.design import families

    modules = set(sys.modules)
    with (
        mock.patch.object(sys, "path", [*sys.path]),
        mock.patch.dict(families._REGISTERED),
        mock.patch.dict(groups.SCHEMAS["arch/schema"]),
        mock.patch.object(groups, "_FAMILIES_IN_FILES", set()),
        mock.patch.dict(ConfigStore.instance().repo["arch"]["schema"]),
        mock.patch.dict(ConfigStore.instance().repo["arch"]),
    ):
        yield
    groups.key_owners.cache_clear()
    for name in set(sys.modules) - modules:
        if name.startswith(("my_parts", "own_parts")):
            del sys.modules[name]
