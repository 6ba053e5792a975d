"""From the overrides of a command to the configuration of every run, quickly.

Hydra composes one configuration in tens of milliseconds, too slow for thousands. Runs of a sweep
differ in a few overrides, so the first run is composed, then the changes that each other override
makes, and the changes are combined. Where two overrides change the same key, Hydra composes the
run.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.groups import GROUPS
from ensemble_switchover.config.largest_values import MAX_SWEEP_RUNS
from ensemble_switchover.config.schema import Config, SweepConfig, typed
from ensemble_switchover.config.search_path import composing, search
from ensemble_switchover.config.validation import value_problems
from ensemble_switchover.config.value_lists import refuse_lost_lists, values_of
from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Path = tuple[str, ...]
Changes = dict[Path, Any]
"""Values by their path in the configuration: a leaf such as ("budget", "width"), or a node."""

ROOT = "config"
_REFERENCE = re.compile(r"\$\\?\{")
"""Hydra's sweeps escape the braces."""
_NESTED = re.compile(rf"{_REFERENCE.pattern}[^}}]*{_REFERENCE.pattern}")
SWEEP = "sweep"
OF_SWEEP = f"{SWEEP}."
TOGETHER_KEY = f"{OF_SWEEP}together"
HOURS = f"{OF_SWEEP}hours"
SHARE_KEY = "measurement.share"
MEASURED_SHARE = 0.1
"""The share of a run's training that what is measured takes at most in a sweep of so many hours."""
KEYS_OF_JOBS = (f"{OF_SWEEP}seeds", f"{OF_SWEEP}beside")
"""Keys by which a sweep tells a job what to train and to time."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The runs that one command asks for."""

    runs: list[list[str]]
    """The overrides of every run."""
    concurrent_jobs: int
    """Number of jobs at a time, as the launcher has it; -1 for one per processor."""
    together: str = "none"
    """`sweep.together`, the same for all sweeps of a command: `none` where it is that of one of
    them, else `auto` where they differ; and `none` for a run by itself."""
    hours: float | None = None
    """`sweep.hours`, the same for all sweeps of a command; None: all runs are trained."""


def read_overrides(overrides: Sequence[str]) -> list[Sweep]:
    """Expand the overrides of a command into those of every run, sweep by sweep.

    With `sweep=a,b` every named sweep is read on its own, and so is every sweep that one of them
    consists of. One launcher runs them all: the one that is overridden, or that of the one sweep
    that is named.

    Args:
        overrides: `key=value`, `group=option`, or lists of either.

    Raises:
        HydraException: for overrides that Hydra does not understand.
        ConfigError: for a key of a sweep that cannot be combined with other sweeps, a number of
            hundreds of digits, or a list of values that is empty or would not make different runs.
    """
    with composing(overrides) as own:
        return _read_overrides(own)


def compose_overrides(overrides: Sequence[str]) -> list[tuple[Sweep, list[Config]]]:
    """Expand the overrides of a command, and compose the configuration of every run.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for overrides that mean nothing.
    """
    with composing(overrides) as own:
        return compose_in_hydra(own)


def compose_in_hydra(overrides: Sequence[str]) -> list[tuple[Sweep, list[Config]]]:
    """Expand and compose overrides where Hydra is initialised already, as in a sweep.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for overrides that mean nothing.
    """
    return [(sweep, compose_runs(sweep.runs)) for sweep in _read_overrides(search(overrides))]


def of_jobs_text(override: str) -> str:
    """Say that an override is none for a command."""
    return f"{override}: is set by a sweep for its jobs; expected seed= or design= and k= instead"


def expand(lines: Sequence[str]) -> list[list[str]]:
    """List the overrides of every run, as Hydra's basic sweeper would; one run without any.

    Raises:
        HydraException: for overrides that Hydra does not understand.
        ConfigError: for a list without a value, or of too many, and for too many runs.
    """
    choices: dict[str, list[str]] = {}  # where a key is given twice, the later value counts
    for override in _parser().parse_overrides(list(lines)):
        key = override.get_key_element()
        if override.is_delete():
            choices[key] = [str(override.input_line)]
        else:
            choices[key] = [f"{key}={value}" for value in values_of(override)]
    num_runs = math.prod(map(len, choices.values()))
    if num_runs > MAX_SWEEP_RUNS:
        swept = ", ".join(key for key, values in choices.items() if len(values) > 1)
        raise ConfigError(
            f"{swept}: {num_runs:,} runs; expected at most {MAX_SWEEP_RUNS:,} in one sweep"
        )
    return [list(run) for run in product(*choices.values())]


def sweep_lines(config: DictConfig, task: Iterable[str]) -> list[str]:
    """Put the parameters of a named sweep before the overrides of the command."""
    params = OmegaConf.select(config, "hydra.sweeper.params") or {}
    return [*(f"{key}={value}" for key, value in params.items()), *task]


def compose_runs(runs: Sequence[Sequence[str]]) -> list[Config]:
    """Compose the configuration of every run.

    Args:
        runs: The overrides of every run, of the same keys in the same order.

    Raises:
        HydraException, OmegaConfBaseException, ConfigError: for overrides that mean nothing.
    """
    first = list(runs[0])
    node = compose(ROOT, overrides=first)
    base = typed(node)
    problems = value_problems(OmegaConf.to_object(node[SWEEP]), OF_SWEEP)
    if problems:
        raise ConfigError(*problems)
    changes: dict[tuple[int, str], Changes] = {}
    scratch: dict[int, DictConfig] = {}
    configs = []
    for run in runs:
        found: list[Changes] = []
        others = [entry for entry in enumerate(run) if entry[1] != first[entry[0]]]
        if _refer(first, [override for _, override in others]):
            configs.append(typed(compose(ROOT, list(run))))
            continue
        for position, override in others:
            if (position, override) not in changes:
                if position not in scratch:
                    scratch[position] = copy.deepcopy(node)
                changed = _change(scratch[position], first, position, override)
                changes[position, override] = _differences(base, changed)
            found.append(changes[position, override])
        configs.append(_apply(base, found) if _disjoint(found) else typed(compose(ROOT, list(run))))
    return configs


def _read_overrides(overrides: Sequence[str]) -> list[Sweep]:
    hydra: list[str] = []
    names: list[str] = []
    others: list[str] = []
    has_hours = False
    hours_of_all: Any = None
    together: str | None = None
    read = _parser().parse_overrides(list(overrides))
    refuse_lost_lists([parsed for parsed in read if not parsed.is_hydra_override()])
    for override, parsed in zip(overrides, read, strict=True):
        of_sweep = parsed.key_or_group == SWEEP
        kind = hydra if parsed.is_hydra_override() else names if of_sweep else others
        kind.append(override)
        if kind is others and parsed.key_or_group.startswith(OF_SWEEP):
            if parsed.key_or_group in KEYS_OF_JOBS:
                raise ConfigError(of_jobs_text(override))
            if parsed.is_sweep_override():
                raise ConfigError(f"{override}: is of the whole sweep; expected one value")
            if parsed.key_or_group == HOURS:
                has_hours, hours_of_all = True, parsed.value()
            if parsed.key_or_group == TOGETHER_KEY:
                together = str(parsed.value())
    if not hydra and not names:
        runs = expand([*_bound_on_measuring(hours_of_all), *others])
        asked = together or SweepConfig().together
        return [Sweep(runs, 1, asked if len(runs) > 1 else "none", hours_of_all)]
    chosen = expand(names)
    command = _compose_sweep(hydra, chosen[0] if len(chosen) == 1 else [])
    jobs = int(OmegaConf.select(command, "hydra.launcher.n_jobs", default=1))
    sweeps, of_parts = [], set()
    hours_of_command = hours_of_all if has_hours else command.sweep.hours
    for name, config in _parts(hydra, chosen, command if len(chosen) == 1 else None):
        of_parts.add(together or str(config.sweep.together))
        hours = config.sweep.hours
        if hours not in (None, command.sweep.hours) and not has_hours:
            raise ConfigError(
                f"{name[0]}: has {HOURS}={hours:g} for itself; expected it alone, or {HOURS}= for "
                f"all"
            )
        bound = _bound_on_measuring(hours_of_command)
        runs = expand([*bound, *sweep_lines(config, others), *name])
        sweeps.append(Sweep(runs, jobs))
    # times of runs themselves, for which some study asks, and of timing passes do not compare
    mixed = "none" if "none" in of_parts else SweepConfig().together
    chosen_together = of_parts.pop() if len(of_parts) == 1 else mixed
    return [replace(sweep, together=chosen_together, hours=hours_of_command) for sweep in sweeps]


def _bound_on_measuring(hours: object) -> list[str]:
    """Return the override that keeps measurements within a share of the training, with hours.

    It comes before those of a study and of the user, which may set another share.
    """
    return [] if hours is None else [f"{SHARE_KEY}={MEASURED_SHARE}"]


def _parts(
    hydra: list[str], names: Iterable[list[str]], composed: DictConfig | None = None
) -> Iterator[tuple[list[str], DictConfig]]:
    """Compose every named sweep, or each of the sweeps that it consists of.

    Args:
        hydra: Overrides of Hydra's own keys.
        names: The overrides that name each sweep.
        composed: The configuration of the one name, where there is one and it is composed already.
    """
    for name in names:
        config = _compose_sweep(hydra, name) if composed is None else composed
        if config.sweep.studies:
            yield from _parts(hydra, ([f"{SWEEP}={study}"] for study in config.sweep.studies))
        else:
            yield name, config


def _compose_sweep(hydra: list[str], name: list[str]) -> DictConfig:
    return compose(ROOT, overrides=[*hydra, *name], return_hydra_config=True)


def _parser() -> OverridesParser:
    return OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())


def _change(scratch: DictConfig, first: list[str], position: int, override: str) -> Config:
    """Compose the first run with another override at one position.

    Args:
        scratch: The first run's configuration, of which only this position's key ever changes.
        first: The overrides of the first run.
        position: The position in them of the one that is replaced.
        override: The one that replaces it.
    """
    parsed = _parser().parse_override(override)
    key, value = parsed.key_or_group, parsed.value()
    sets = not (parsed.is_add() or parsed.is_force_add() or parsed.is_delete())
    in_group = key.partition("@")[0] in GROUPS or key.startswith("hydra")
    alone = _stands_alone(key, first, position)
    if sets and alone and not in_group and not isinstance(value, dict):
        try:
            OmegaConf.update(scratch, key, value)
            return typed(scratch)
        except (OmegaConfBaseException, ConfigError):
            pass  # Hydra composes it below, and names what is wrong
    return typed(compose(ROOT, overrides=[*first[:position], override, *first[position + 1 :]]))


def _refer(first: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether overrides may mean something else together than each of them alone.

    A value that refers to another key (`k=${seed}`) changes with that key; a reference within a
    reference chooses the key that it refers to.
    """
    swept = len(others) > 1 and any(_REFERENCE.search(override) for override in others)
    return swept or any(_NESTED.search(override) for override in first)


def _stands_alone(key: str, first: Sequence[str], position: int) -> bool:
    """Return whether no other override sets the key, a node that contains it, or a key in it."""
    for other, override in enumerate(first):
        name = override.lstrip("+~").partition("=")[0]
        if other != position and name not in GROUPS:
            shorter, longer = sorted((f"{key}.", f"{name}."), key=len)
            if longer.startswith(shorter):
                return False
    return True


def _differences(base: Any, changed: Any, path: Path = ()) -> Changes:
    """Return the values of a second configuration where it differs from the first."""
    if type(base) is not type(changed) or not is_dataclass(base):
        return {} if base == changed else {path: changed}
    differences: Changes = {}
    for entry in fields(base):
        before, after = getattr(base, entry.name), getattr(changed, entry.name)
        differences |= _differences(before, after, (*path, entry.name))
    return differences


def _disjoint(found: list[Changes]) -> bool:
    """Return whether no two overrides change the same key or node."""
    paths = [path for changes in found for path in changes]
    return len(set(paths)) == len(paths)


def _apply(base: Config, found: list[Changes]) -> Config:
    """Return the configuration with all changes; a node is set before the keys in it."""
    config = copy.copy(base)
    copied: set[Path] = set()
    entries = [(path, value) for changes in found for path, value in changes.items()]
    for path, value in sorted(entries, key=lambda entry: len(entry[0])):
        target: Any = config
        for depth, name in enumerate(path[:-1]):
            if path[: depth + 1] not in copied:
                setattr(target, name, copy.copy(getattr(target, name)))
                copied.add(path[: depth + 1])
            target = getattr(target, name)
        setattr(target, path[-1], value)
    return config
