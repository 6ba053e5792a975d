"""From the words of a command to the configuration of every run, quickly.

Hydra composes one configuration in tens of milliseconds, too slow for thousands. Runs of a sweep
differ in a few words, so the first run is composed, then what each other word changes, and the
changes are put together. Words whose changes meet are composed by Hydra, run by run.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, fields, is_dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.schema import GROUPS, Config, conf_folder, typed
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Path = tuple[str, ...]
Changes = dict[Path, Any]
"""Values by their place in the configuration: a leaf such as ("budget", "width"), or a node."""

ROOT = "config"
_REFERENCE = re.compile(r"\$\\?\{")
"""Hydra's sweeps escape the braces."""
_NESTED = re.compile(rf"{_REFERENCE.pattern}[^}}]*{_REFERENCE.pattern}")
SWEEP = "sweep"
OF_SWEEP = f"{SWEEP}."
HOURS = f"{OF_SWEEP}hours"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the words of one command ask for."""

    runs: list[list[str]]
    """The words of every run."""
    concurrent_jobs: int
    """Runs at a time, as the launcher says; -1: as many as the machine has processors."""


def read_words(words: Sequence[str]) -> list[Sweep]:
    """Expand the words of a command into those of every run, sweep by sweep.

    They are those of a run or sweep: `key=value`, `group=option`, lists of both. With
    `sweep=a,b` every named sweep is read on its own, and so is each that one is made of. One
    launcher runs them all: that of the words, or of the one sweep that they name.

    Raises:
        HydraException: for words that Hydra does not understand.
        ConfigError: for what a sweep asks for that cannot be had beside others.
    """
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return _read_words(words)


def compose_words(words: Sequence[str]) -> list[tuple[Sweep, list[Config]]]:
    """Expand the words of a command, and compose the configuration of every run.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for words that mean nothing.
    """
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return compose_in_hydra(words)


def compose_in_hydra(words: Sequence[str]) -> list[tuple[Sweep, list[Config]]]:
    """Do the same where Hydra is under way already, as in a sweep.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for words that mean nothing.
    """
    return [(sweep, compose_runs(sweep.runs)) for sweep in _read_words(words)]


def expand(lines: Sequence[str]) -> list[list[str]]:
    """List the words of every run, as Hydra's basic sweeper would."""
    if not lines:
        return []
    choices: dict[str, list[str]] = {}  # of a key that comes twice, the later value counts
    for word in _parser().parse_overrides(list(lines)):
        key = word.get_key_element()
        if not word.is_sweep_override():
            choices[key] = [word.get_value_element_as_str()]
        elif word.is_discrete_sweep():
            choices[key] = list(word.sweep_string_iterator())
        else:
            raise HydraException(f"{word.input_line}: expected a list of values")
    words = ([f"{key}={value}" for value in values] for key, values in choices.items())
    return [list(run) for run in product(*words)]


def sweep_lines(config: DictConfig, task: Iterable[str]) -> list[str]:
    """Put the parameters of a named sweep before the words of the command."""
    params = OmegaConf.select(config, "hydra.sweeper.params") or {}
    return [*(f"{key}={value}" for key, value in params.items()), *task]


def compose_runs(runs: Sequence[Sequence[str]]) -> list[Config]:
    """Compose the configuration of every run; all have the same keys in the same order.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for words that mean nothing.
    """
    first = list(runs[0])
    node = compose(ROOT, overrides=first)
    base = typed(node)
    changes: dict[tuple[int, str], Changes] = {}
    scratch: dict[int, DictConfig] = {}
    configs = []
    for run in runs:
        found: list[Changes] = []
        others = [entry for entry in enumerate(run) if entry[1] != first[entry[0]]]
        if _refer(first, [word for _, word in others]):
            configs.append(typed(compose(ROOT, list(run))))
            continue
        for position, word in others:
            if (position, word) not in changes:
                if position not in scratch:
                    scratch[position] = copy.deepcopy(node)
                changed = _change(scratch[position], first, position, word)
                changes[position, word] = _differences(base, changed)
            found.append(changes[position, word])
        configs.append(_apply(base, found) if _disjoint(found) else typed(compose(ROOT, list(run))))
    return configs


def _read_words(words: Sequence[str]) -> list[Sweep]:
    hydra: list[str] = []
    names: list[str] = []
    others: list[str] = []
    has_hours = False
    for word, override in zip(words, _parser().parse_overrides(list(words)), strict=True):
        of_sweep = override.key_or_group == SWEEP
        kind = hydra if override.is_hydra_override() else names if of_sweep else others
        kind.append(word)
        if kind is others and override.key_or_group.startswith(OF_SWEEP):
            if override.is_sweep_override():
                raise ConfigError(f"{word}: is of the whole sweep; expected one value")
            has_hours |= override.key_or_group == HOURS
    if not hydra and not names:
        return [Sweep(expand(others) or [[]], concurrent_jobs=1)]
    chosen = expand(names) or [[]]
    command = _compose_sweep(hydra, chosen[0] if len(chosen) == 1 else [])
    jobs = int(OmegaConf.select(command, "hydra.launcher.n_jobs", default=1))
    sweeps = []
    for name, config in _parts(hydra, chosen):
        hours = config.sweep.hours
        if hours not in (None, command.sweep.hours) and not has_hours:
            raise ConfigError(
                f"{name[0]}: has {HOURS}={hours:g} for itself; expected it alone, or {HOURS}= for "
                f"all"
            )
        runs = expand([*sweep_lines(config, others), *name]) or [[]]
        sweeps.append(Sweep(runs, jobs))
    return sweeps


def _parts(hydra: list[str], names: Iterable[list[str]]) -> Iterator[tuple[list[str], DictConfig]]:
    """Compose every named sweep, or each of those that it is made of."""
    for name in names:
        config = _compose_sweep(hydra, name)
        if config.sweep.studies:
            yield from _parts(hydra, ([f"{SWEEP}={study}"] for study in config.sweep.studies))
        else:
            yield name, config


def _compose_sweep(hydra: list[str], name: list[str]) -> DictConfig:
    return compose(ROOT, overrides=[*hydra, *name], return_hydra_config=True)


def _parser() -> OverridesParser:
    return OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())


def _change(scratch: DictConfig, first: list[str], position: int, word: str) -> Config:
    """Compose the first run with another word at one position.

    Args:
        scratch: The first run's configuration, of which only this position's key ever changes.
        first: The words of the first run.
        position: Which of them gives way.
        word: The other word.
    """
    override = _parser().parse_override(word)
    key, value = override.key_or_group, override.value()
    sets = not (override.is_add() or override.is_force_add() or override.is_delete())
    in_group = key.partition("@")[0] in GROUPS or key.startswith("hydra")
    alone = _stands_alone(key, first, position)
    if sets and alone and not in_group and not isinstance(value, dict):
        try:
            OmegaConf.update(scratch, key, value)
            return typed(scratch)
        except (OmegaConfBaseException, ConfigError):
            pass  # Hydra composes it below, and tells what is wrong
    return typed(compose(ROOT, overrides=[*first[:position], word, *first[position + 1 :]]))


def _refer(first: Sequence[str], others: Sequence[str]) -> bool:
    """Tell whether words may say something else together than each of them alone.

    A value that refers to another (`k=${seed}`) is what that one is; a reference within a
    reference chooses what it refers to.
    """
    swept = len(others) > 1 and any(_REFERENCE.search(word) for word in others)
    return swept or any(_NESTED.search(word) for word in first)


def _stands_alone(key: str, first: Sequence[str], position: int) -> bool:
    """Tell whether no other word sets the key, a node that it lies in, or what lies in it."""
    for other, word in enumerate(first):
        name = word.lstrip("+~").partition("=")[0]
        if other != position and name not in GROUPS:
            shorter, longer = sorted((f"{key}.", f"{name}."), key=len)
            if longer.startswith(shorter):
                return False
    return True


def _differences(base: Any, changed: Any, path: Path = ()) -> Changes:
    """List where two configurations differ."""
    if type(base) is not type(changed) or not is_dataclass(base):
        return {} if base == changed else {path: changed}
    differences: Changes = {}
    for entry in fields(base):
        before, after = getattr(base, entry.name), getattr(changed, entry.name)
        differences |= _differences(before, after, (*path, entry.name))
    return differences


def _disjoint(found: list[Changes]) -> bool:
    """Tell whether no two words change the same place."""
    places = [place for changes in found for place in changes]
    return len(set(places)) == len(places)


def _apply(base: Config, found: list[Changes]) -> Config:
    """Make a configuration with all changes; a node is set before what lies in it."""
    config = copy.copy(base)
    copied: set[Path] = set()
    places = [(place, value) for changes in found for place, value in changes.items()]
    for place, value in sorted(places, key=lambda entry: len(entry[0])):
        target: Any = config
        for depth, name in enumerate(place[:-1]):
            if place[: depth + 1] not in copied:
                setattr(target, name, copy.copy(getattr(target, name)))
                copied.add(place[: depth + 1])
            target = getattr(target, name)
        setattr(target, place[-1], value)
    return config
