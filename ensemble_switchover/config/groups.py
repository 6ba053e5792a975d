"""The config groups: their schemas, their options, and the keys that they have."""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from ensemble_switchover.config.config_dirs import FILE, config_dirs
from ensemble_switchover.config.dataset_config import (
    DatasetConfig,
    FolderConfig,
    FractalsConfig,
    OwnDatasetConfig,
    SvhnConfig,
)
from ensemble_switchover.config.execution_plan import WITHIN
from ensemble_switchover.config.hydra_folders import hydra_folder
from ensemble_switchover.config.key_markers import RESOLVED
from ensemble_switchover.config.recipe_config import RecipeConfig, ScheduleConfig
from ensemble_switchover.config.schema import (
    ArchConfig,
    CommandConfig,
    DesignClassConfig,
    ExecutionConfig,
    LoggerConfig,
    NetworkBudgetConfig,
    ParametersBudgetConfig,
)
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.design import FAMILIES, Family
from ensemble_switchover.design.families import full_name, known_families
from ensemble_switchover.machine.paths import user_path


def _arch_schema(family: type[Family], target: str | None = None) -> type[ArchConfig]:
    """Make the schema of a family from its options; one of another package has its full name."""
    types = get_type_hints(family)
    named = [] if target is None else [(TARGET, Annotated[str, RESOLVED], field(default=target))]
    options: list[tuple[str, Any, Any]] = [
        (option.name, Annotated[types[option.name], RESOLVED], field(default=option.default))
        for option in fields(family)
    ]
    return make_dataclass(
        f"{family.__name__}Config",
        [("family", Annotated[str, RESOLVED], field(default=family.name)), *named, *options],
        bases=(ArchConfig,),
        slots=True,
        kw_only=True,
    )


GROUPS = (
    *("arch", "budget", "callbacks", "dataset", "design", "execution", "experiment", "logger"),
    *("metrics", "recipe", "recipe/optimizer", "recipe/schedule", "sweep", "trainer"),
)
"""The config groups."""


ABSENT_GROUPS = {
    "hparams_search": "Hydra's Optuna sweeper (1.3.0) needs Optuna below 3, "
    "which is long out of date; expected a sweep over the values, such as --multirun "
    "recipe.learning_rate=0.05,0.1,0.2 dataset.validation_size=100",
}
"""Groups of lightning-hydra-template that are none here -> why, and what to do instead."""


SCHEMAS: dict[str, dict[str, type[Any]]] = {
    "arch/schema": {name: _arch_schema(family) for name, family in FAMILIES.items()},
    "budget/schema": {"network": NetworkBudgetConfig, "parameters": ParametersBudgetConfig},
    "dataset/schema": {
        "dataset": DatasetConfig,
        "folder": FolderConfig,
        "fractals": FractalsConfig,
        "own": OwnDatasetConfig,
        "svhn": SvhnConfig,
    },
    "design/schema": {"design": DesignClassConfig},
    "execution/schema": {"execution": ExecutionConfig},
    "logger/schema": {"logger": LoggerConfig},
    "recipe/schema": {"recipe": RecipeConfig},
    "recipe/schedule/schema": {"schedule": ScheduleConfig},
    "trainer/schema": {"trainer": TrainerConfig},
}


_FAMILIES_IN_FILES: set[str] = set()
"""Families of other packages whose option is a file of the user's own."""


def register_schemas() -> None:
    """Register the dataclasses with Hydra, so that every key is typed and checked."""
    from ensemble_switchover.config.own_options import use_own_options  # it needs the schemas

    OmegaConf.register_new_resolver(
        "options", lambda group: "|".join(group_options(group)), replace=True
    )
    OmegaConf.register_new_resolver("user_path", lambda text: str(user_path(text)), replace=True)
    OmegaConf.register_new_resolver("hydra_folder", hydra_folder, replace=True)
    use_own_options()
    for name, family in known_families().items():
        if name not in SCHEMAS["arch/schema"]:
            _add_family_schema(family, full_name(family))
    store = ConfigStore.instance()
    store.store(name="schema", node=CommandConfig)
    for group, schemas in SCHEMAS.items():
        for name, schema in schemas.items():
            store.store(group=group, name=name, node=schema)
    for name, schema in SCHEMAS["arch/schema"].items():
        in_file = name in _FAMILIES_IN_FILES or (conf_folder() / "arch" / f"{name}.yaml").exists()
        if not in_file:
            store.store(group="arch", name=name, node=schema)
    for name in WITHIN:
        if not (conf_folder() / "execution" / f"{name}.yaml").exists():
            store.store(group="execution", name=name, node=ExecutionConfig(name=name))


def schema_of_file(family: type[Family], target: str) -> type[ArchConfig]:
    """Return the schema of a family that a file of the user's own describes.

    Args:
        family: The class of the family.
        target: Its full name, as the file has it.
    """
    _FAMILIES_IN_FILES.add(family.name)
    return _add_family_schema(family, target)


def _add_family_schema(family: type[Family], target: str) -> type[ArchConfig]:
    schema = _arch_schema(family, target)
    SCHEMAS["arch/schema"][family.name] = schema
    key_owners.cache_clear()
    return schema


def group_options(group: str) -> list[str]:
    """List the options of a config group: files, those of the user's own too, and what has none."""
    own = (Path(each.removeprefix(FILE)) for each in config_dirs() if each.startswith(FILE))
    files = {
        path.stem for folder in (conf_folder(), *own) for path in (folder / group).glob("*.yaml")
    }
    further = {"arch": known_families().keys(), "execution": set(WITHIN)}
    return sorted(files | further.get(group, set()))


def node_of(group: str) -> str:
    """Return the node of the configuration that a group fills.

    >>> node_of("design/schema"), node_of("recipe/optimizer")
    ('design_class', 'recipe.optimizer')
    """
    name = group.removesuffix("/schema").replace("/", ".")
    return "design_class" if name == "design" else name


@cache
def key_owners() -> dict[str, type]:
    """Return every dotted key that some choice of groups has, with the dataclass that it is in."""
    owners = dict(_keys_of(CommandConfig, ""))
    for group, schemas in SCHEMAS.items():
        for schema in schemas.values():
            owners |= _keys_of(schema, f"{node_of(group)}.")
    return dict(sorted(owners.items()))


@cache
def mapping_keys() -> frozenset[str]:
    """Return the keys that hold a mapping, such as an optimizer's name with its arguments."""
    hints = {key: get_type_hints(owner)[_last(key)] for key, owner in key_owners().items()}
    return frozenset(key for key, hint in hints.items() if get_origin(hint) is dict)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _keys_of(schema: type, prefix: str) -> dict[str, type]:
    owners: dict[str, type] = {}
    for name, hint in get_type_hints(schema).items():
        if isinstance(hint, type) and is_dataclass(hint):
            owners |= _keys_of(hint, f"{prefix}{name}.")
        else:
            owners[f"{prefix}{name}"] = schema
    return owners


def conf_folder() -> Path:
    """Return the folder of config groups: in the installed package, else in the repository."""
    packaged = Path(__file__).parents[1] / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"
