"""The folders of a user's own options that Hydra searches beside `conf/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra.core.global_hydra import GlobalHydra

from ensemble_switchover.config.quoting import hydra_text

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCH_PATH = "hydra.searchpath"
FILE = "file://"
COMMAND_LINE = "command-line"
"""Who provides the folder of `--config-dir`, as Hydra calls it."""


def config_dirs() -> list[str]:
    """Return the folders of a user's own options as addresses, in the order of the search."""
    hydra = GlobalHydra.instance()
    if not hydra.is_initialized():
        return []
    elements = hydra.config_loader().get_search_path().get_path()
    return [f"{each.path}" for each in elements if each.provider == COMMAND_LINE]


def config_dir_words(folders: Sequence[str]) -> list[str]:
    """Return the words of a command by which it searches folders of options.

    >>> config_dir_words(["file:///home/user/conf"]), config_dir_words([])
    (['--config-dir', '/home/user/conf'], [])
    """
    if len(folders) == 1 and folders[0].startswith(FILE):
        return ["--config-dir", folders[0].removeprefix(FILE)]
    return [f"{SEARCH_PATH}=[{','.join(map(hydra_text, folders))}]"] if folders else []
