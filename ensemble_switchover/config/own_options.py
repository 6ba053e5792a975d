"""Options of a user's own that name a part by `_target_`: families and data sets, typed as ours.

Hydra reads the files of options from sources; those here stand for Hydra's own. What a file sets of
a family is checked by the types of the family's options, and of a data set by those of the schema.
"""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins import file_config_source, importlib_resources_config_source
from hydra._internal.sources_registry import SourcesRegistry
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.config_dirs import FILE
from ensemble_switchover.config.dataset_config import OwnDatasetConfig
from ensemble_switchover.config.groups import schema_of_file
from ensemble_switchover.config.targets import TARGET, find_part
from ensemble_switchover.design import register_family
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from hydra.plugins.config_source import ConfigResult

_OURS = ("hydra", "main", "schema")
"""Providers of options that are not the user's."""


class FileConfigSource(file_config_source.FileConfigSource):
    """Options in a folder; it has the name of what it stands for, or Hydra would refuse it."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Read the file of an option, and type it where it names a part."""
        return _typed(super().load_config(config_path), config_path)


class ImportlibResourcesConfigSource(
    importlib_resources_config_source.ImportlibResourcesConfigSource
):
    """Options in an installed package, named likewise."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Read the file of an option, and type it where it names a part."""
        return _typed(super().load_config(config_path), config_path)


def use_own_options() -> None:
    """Let Hydra read files of options through the sources of this file."""
    for source in (FileConfigSource, ImportlibResourcesConfigSource):
        SourcesRegistry.instance().types[source.scheme()] = source


def _typed(result: ConfigResult, path: str) -> ConfigResult:
    if result.provider in _OURS:
        return result
    if result.path.startswith(FILE):
        _find_modules_beside(Path(result.path.removeprefix(FILE)))
    group, _, option = path.removesuffix(".yaml").rpartition("/")
    node = result.config
    if group in _TYPED and isinstance(node, DictConfig) and TARGET in node:
        file = f"{result.path.removeprefix(FILE)}/{group}/{option}.yaml"
        result.config = _TYPED[group](node, option, file)
    return result


def _find_modules_beside(folder: Path) -> None:
    """Let Python find modules in the folder of the command, and in that of a folder of options."""
    for path in (str(Path.cwd()), str(folder.absolute().parent)):
        if path not in sys.path:
            sys.path.append(path)


def _family_option(node: DictConfig, option: str, file: str) -> DictConfig:
    target = node[TARGET]
    family = register_family(find_part("arch", target))
    if family.name != option:
        raise ConfigError(
            f"{file}: describes the family {family.name}; expected {family.name}.yaml as its name"
        )
    return _filled("arch", schema_of_file(family, target), node, file)


def _dataset_option(node: DictConfig, option: str, file: str) -> DictConfig:
    if node.get("name", option) != option:
        raise ConfigError(f"{file}: name={node.name}: expected {option}; leave the key out")
    filled = _filled("dataset", OwnDatasetConfig, node, file)
    filled.name = option
    return filled


_TYPED = {"arch": _family_option, "dataset": _dataset_option}


def _filled(group: str, schema: type[Any], node: DictConfig, file: str) -> DictConfig:
    """Return the schema of an option with what its file sets.

    Raises:
        ConfigError: for keys that the schema does not have, and values of other types.
    """
    known = {entry.name for entry in fields(schema)}
    if group == "dataset":
        expected = "expected a key of a data set; what the function takes belongs in arguments"
    else:
        expected = (
            f"expected one of {', '.join(sorted(known - {TARGET, 'family'})) or 'no options'}"
        )
    problems = [
        f"{file}: {key}: no such key; {expected}" for key in map(str, node) if key not in known
    ]
    if problems:
        raise ConfigError(*problems)
    try:
        filled = OmegaConf.merge(OmegaConf.structured(schema), node)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{file}: {group}.{error.full_key}: {reason}") from error
    assert isinstance(filled, DictConfig)
    return filled
