"""Checks of configured values before anything is computed; each problem is one sentence.

The values that a single key takes are declared in the schema. They are checked without pydantic,
whose import and building of validators would be a fifth of the start of `designs`.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from ensemble_switchover.config.callbacks import callback_problems
from ensemble_switchover.config.dataset_config import FolderConfig, FractalsConfig, OwnDatasetConfig
from ensemble_switchover.config.execution_plan import SEQUENTIAL, WITHIN
from ensemble_switchover.config.image_folder import MIN_CLASSES
from ensemble_switchover.config.key_markers import Expected, declared
from ensemble_switchover.config.make_recipe import is_elementwise
from ensemble_switchover.config.part_sizes import size_problems
from ensemble_switchover.config.place_problems import place_problems
from ensemble_switchover.config.published_images import published_facts, whole_side_of
from ensemble_switchover.config.targets import TARGET, target_problems

if TYPE_CHECKING:
    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.schema import Config

OPTION_KEYS = {
    "design_class.name": "design",
    "execution.name": "execution",
    "logger.kind": "logger",
}
"""Keys that the option of a group sets, and what the user writes."""

DRAWN_CHANNELS = 3
"""The channels of the images that the generator of fractals draws."""

METRIC_NAME = re.compile(r"[a-z][a-z0-9_]*")


def config_problems(config: Config) -> list[str]:
    """Return what is wrong with the values of a configuration, before the data set is known."""
    return [
        *value_problems(config),
        *execution_problems(config),
        *callback_problems(config),
        *metric_problems(config),
        *place_problems(config),
    ]


def dataset_problems(dataset: DatasetConfig) -> list[str]:
    """Return what is wrong with the keys of a data set, once its facts are filled in."""
    return [
        *_fact_problems(dataset),
        *size_problems(dataset),
        *_augmentation_problems(dataset),
        *_target_problems(dataset),
    ]


def value_problems(node: Any, prefix: str = "") -> list[str]:
    """Return every value of a dataclass and of those in it that the schema does not allow."""
    schema: type = type(node)
    problems = []
    for name, expected in _checked_fields(schema):
        key, value = f"{prefix}{name}", getattr(node, name)
        if not expected:
            problems += value_problems(value, f"{key}.")
        elif value is not None:
            problems += [
                f"{OPTION_KEYS.get(key, key)}={value}: expected {allowed}"
                for allowed in expected
                if not allowed.allows(value)
            ]
    return problems


@cache
def _checked_fields(schema: type) -> list[tuple[str, list[Expected]]]:
    """Return the fields to check with what is expected of each; nothing of one with fields."""
    expected, hints = declared(schema, Expected), get_type_hints(schema)
    names = [entry.name for entry in fields(schema)]
    return [
        (name, expected.get(name, []))
        for name in names
        if name in expected or is_dataclass(hints[name])
    ]


def execution_problems(config: Config) -> list[str]:
    """Refuse what would make members depend on each other, and what would do nothing."""
    asked = config.execution
    problems = []
    parallel = asked.name == "parallel"
    if asked.channels_last and asked.name in ("auto", *WITHIN[1:]):
        problems.append(
            f"execution.channels_last=true: execution={asked.name} decides that itself; expected "
            f"execution=sequential or execution=parallel beside it"
        )
    if asked.processes is not None and not parallel:
        problems.append(
            f"execution.processes={asked.processes}: execution={asked.name} has no processes; "
            f"expected execution=parallel beside it"
        )
    if asked.within != SEQUENTIAL and asked.within in WITHIN and not parallel:
        problems.append(
            f"execution.within={asked.within}: is for execution=parallel, and "
            f"execution={asked.name} came"
        )
    too_few = config.threads is not None and (asked.processes or 0) > config.threads
    if parallel and too_few and config.device == "cpu":
        problems.append(
            f"execution.processes={asked.processes}: expected at most one a thread, and "
            f"threads={config.threads} came"
        )
    within = asked.within if parallel else asked.name
    if config.precision == "16" and within in WITHIN[1:]:
        problems.append(
            "precision=16: members in one vectorised step would share the scale of their losses, "
            "and one's overflow would cost all a step; expected execution=sequential, "
            "execution=parallel or precision=bf16"
        )
    optimizer = config.recipe.optimizer
    if within in WITHIN[1:] and not is_elementwise(optimizer):
        problems.append(
            f"execution={asked.name}: members in one vectorised step need an optimizer that "
            f"updates every weight by itself, and {optimizer[TARGET]} is not known to; "
            f"expected execution=sequential or another recipe.optimizer"
        )
    return problems


def metric_problems(config: Config) -> list[str]:
    """Return what is wrong with the user's own metrics, without importing them."""
    problems = []
    for name, part in config.metrics.items():
        if not METRIC_NAME.fullmatch(name):
            problems.append(f"metrics.{name}: expected a name of small letters, digits and _")
        elif isinstance(part, dict):
            problems += target_problems(f"metrics.{name}", part)
        else:
            problems.append(f"metrics.{name}={part}: expected a mapping with _target_")
    return problems


def _fact_problems(dataset: DatasetConfig) -> list[str]:
    """Return the facts about a data set that are impossible, or not those of the set."""
    problems = []
    if dataset.num_classes < MIN_CLASSES:
        problems.append(
            f"dataset.num_classes={dataset.num_classes}: expected {MIN_CLASSES} or more"
        )
    impossible = {
        text.partition("=")[0] for text in (*problems, *value_problems(dataset, "dataset."))
    }
    problems += [
        f"dataset.{key}={given}: expected {value}, as {dataset.name} has it; leave the key out"
        for key, value in published_facts(dataset.name).items()
        if key != "image_size"
        and (given := getattr(dataset, key, value)) != value
        and f"dataset.{key}" not in impossible
    ]
    if "dataset.image_size" not in impossible:
        problems += _side_problems(dataset)
    if isinstance(dataset, FractalsConfig) and dataset.channels != DRAWN_CHANNELS:
        problems.append(
            f"dataset.channels={dataset.channels}: expected {DRAWN_CHANNELS}, as the images are "
            f"drawn"
        )
    if isinstance(dataset, FolderConfig) and dataset.channels not in (1, 3):
        problems.append(
            f"dataset.channels={dataset.channels}: expected 3 (colour) or 1 (grey), to which the "
            f"images are converted"
        )
    return problems


def _side_problems(dataset: DatasetConfig) -> list[str]:
    """Refuse images that are larger than those that there are: they can only be reduced."""
    side = whole_side_of(dataset)
    if side is None or dataset.image_size <= side:
        return []
    made = "drawn" if isinstance(dataset, FractalsConfig) else "published"
    return [
        f"dataset.image_size={dataset.image_size}: expected at most {side}, the side of the {made} "
        f"images of {dataset.name}; leave the key out to keep them as they are"
    ]


def _target_problems(dataset: DatasetConfig) -> list[str]:
    if not isinstance(dataset, OwnDatasetConfig):
        return []
    return target_problems("dataset", {TARGET: dataset._target_})


def _augmentation_problems(dataset: DatasetConfig) -> list[str]:
    problems = []
    if dataset.augmentation != "none" and dataset.crop_padding > dataset.image_size:
        problems.append(
            f"dataset.crop_padding={dataset.crop_padding}: expected at most "
            f"{dataset.image_size}, the side of an image"
        )
    if dataset.augmentation == "randaugment" and dataset.channels not in (1, 3):
        problems.append(
            f"dataset.augmentation=randaugment: expected images of 1 or 3 channels, those of "
            f"{dataset.name} have {dataset.channels}"
        )
    return problems
