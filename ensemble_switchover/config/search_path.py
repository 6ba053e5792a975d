"""Initialises Hydra with the folders of options that a command names beside those of `conf/`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from ensemble_switchover.config.config_dirs import COMMAND_LINE, FILE, SEARCH_PATH
from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.override_texts import keep_texts
from ensemble_switchover.config.quoting import hydra_text
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def with_config_dir(overrides: Sequence[str], folder: Path) -> list[str]:
    """Put a folder of options before the overrides of a command, as Hydra's own override.

    Raises:
        ConfigError: if there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"--config-dir {folder}: expected a folder of options, such as conf")
    return [f"{SEARCH_PATH}=[{hydra_text(f'{FILE}{folder.absolute()}')}]", *overrides]


@contextmanager
def composing(overrides: Sequence[str]) -> Iterator[list[str]]:
    """Initialise Hydra for the overrides of a command, with the folders of options they name.

    Yields:
        The other overrides, those of text keys with their texts.

    Raises:
        HydraException, ConfigError: for overrides that mean nothing, and folders that are none.
    """
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield search(keep_texts(overrides))


def register_own_family(name: str, folder: Path) -> None:
    """Register the family that a file in a folder of the user's own options describes.

    Raises:
        HydraException, ConfigError: if there is no such file, or it describes no family.
    """
    with composing(with_config_dir([f"arch={name}"], folder)) as own:
        compose("config", overrides=own)


def check_folders(overrides: Sequence[str]) -> None:
    """Check that the folders which overrides name are there, of which Hydra only warns.

    Raises:
        HydraException, ConfigError: for folders that are none.
    """
    for override in filter(names_folders, overrides):
        _folders(override)


def search(overrides: Sequence[str]) -> list[str]:
    """Let Hydra, which is initialised, search the folders that overrides name from now on.

    Returns:
        The other overrides.

    Raises:
        HydraException, ConfigError: for folders that are none.
    """
    named = [override for override in overrides if names_folders(override)]
    if named:
        loader: Any = GlobalHydra.instance().config_loader()
        path = loader.get_search_path()
        for folder in (folder for override in named for folder in _folders(override)):
            if folder not in {element.path for element in path.get_path()}:
                path.prepend(COMMAND_LINE, folder, SearchPathQuery(provider="schema"))
        loader.repository.initialize_sources(path)
    return [override for override in overrides if override not in named]


def names_folders(override: str) -> bool:
    """Return whether an override names folders of options."""
    return override.lstrip("+").partition("=")[0] == SEARCH_PATH


def _folders(override: str) -> list[str]:
    """Return the addresses of the folders that an override names."""
    value = OverridesParser.create().parse_override(override).value()
    if not isinstance(value, list) or not all(isinstance(folder, str) for folder in value):
        raise ConfigError(f"{override}: expected a list, such as {SEARCH_PATH}=[file://conf]")
    return [_address(override, folder) for folder in value]


def _address(override: str, folder: str) -> str:
    if "://" in folder and not folder.startswith(FILE):
        return folder  # of an installed package
    path = Path(folder.removeprefix(FILE)).absolute()
    if not path.is_dir():
        raise ConfigError(f"{override}: expected folders of options, and {path} is none")
    return f"{FILE}{path}"
