"""From the configurations of finished runs to the command that runs them again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.config_dirs import config_dir_words
from ensemble_switchover.config.fingerprint import is_decisive
from ensemble_switchover.config.groups import conf_folder, key_owners, register_schemas
from ensemble_switchover.config.quoting import hydra_text, quoted_text
from ensemble_switchover.config.recipe_config import PAPERS_RECIPE
from ensemble_switchover.config.schema import typed
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.machine.shell import shell_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.results.record import Record

_SEED = "seed"
_LOGGER = "logger.kind"
_NOT_WRITTEN = ("dataset.content", "config_dirs", _LOGGER)
"""Keys that are found in the images, or that a group's option or an option of a command sets."""
_OF_FILE = ("arch.family", f"arch.{TARGET}", "dataset.name", f"dataset.{TARGET}")
"""Keys that the file of an option of the user's own sets."""
_NOT_FURTHER = (*_NOT_WRITTEN, "k", "design_class.k", "results", "study", "retry")
"""Keys that are stated for all further runs together."""


class CommandWriter:
    """Writes commands; what the groups' options set is composed once."""

    def __init__(self) -> None:
        self._composed: dict[tuple[str, ...], dict[str, Any]] = {}

    def write(self, records: Sequence[Record]) -> str | None:
        """Write the command that makes these again; None where it cannot be told.

        Keys that decide nothing of the result, such as folders and loggers, are left out, unless
        the images lie in a folder of the user's. Times will be of the kind that they are of now. It
        cannot be told where this version has no such options, or where a record has no
        configuration, or one of another form.

        Args:
            records: Runs that differ in their seeds alone; at least one.

        Returns:
            One line for a shell.
        """
        config = records[0].config
        overrides = self._overrides(config, lambda key: _is_told(key, config))
        if overrides is None:
            return None
        seeds = sorted({record.seed for record in records})
        words = [*overrides, f"{_SEED}={','.join(map(str, seeds))}"]
        return _join(_launched(words, records[0].environment.times_of, is_sweep=len(seeds) > 1))

    def write_whole(self, config: Mapping[str, Any]) -> str | None:
        """Write the command of one run with every key that was given, as `write` does.

        Args:
            config: The configuration of the run, which need not be finished.
        """
        overrides = self._overrides(config, lambda key: key not in _NOT_WRITTEN)
        if overrides is None or not {_SEED, "logger"} <= config.keys():
            return None
        logger = f"logger={flatten(config).get(_LOGGER)}"
        return _join([*overrides, logger, f"{_SEED}={config[_SEED]}"])

    def write_further(
        self,
        runs: Sequence[tuple[Mapping[str, Any], Sequence[int]]],
        folder: Path,
        num_jobs: int = 1,
        times_of: str = "run",
    ) -> str | None:
        """Write the command of further runs of a study, with every key that was given.

        Runs that differ in their design class, k and seeds alone are swept together as far as they
        can be; otherwise there are several commands, joined by `&&`.

        Args:
            runs: Configurations with the seeds to run each of them with.
            folder: The folder of the study.
            num_jobs: Number of runs at a time on this machine.
            times_of: Whether times shall be of each `run` itself, or of a `timing pass`.

        Returns:
            One line for a shell; None where it cannot be told, as in `write`.
        """
        sweeps: dict[tuple[tuple[str, ...], tuple[int, ...]], dict[int | None, list[str]]] = {}
        for config, seeds in runs:
            overrides = self._overrides(config, lambda key: key not in _NOT_FURTHER)
            if overrides is None or not {"k", "logger"} <= config.keys():
                return None
            design, k = config["design_class"]["name"], config["k"] or config["design_class"]["k"]
            shared = [word for word in overrides if word != f"design={design}"]
            shared.append(f"logger={flatten(config).get(_LOGGER)}")
            of_k = sweeps.setdefault((tuple(shared), tuple(seeds)), {})
            of_k.setdefault(None if design == "single" else k, []).append(design)
        lines = []
        for (common, numbers), of_k in sweeps.items():
            for designs, ks in _rectangles(of_k):
                words = [*common, f"design={','.join(designs)}"]
                words += [f"k={','.join(map(str, ks))}"] if ks else []
                words += [f"{_SEED}={','.join(map(str, numbers))}"]
                words += [f"results={_write_value(str(folder.parent))}"]
                words += [f"study={_write_value(folder.name)}"]
                if num_jobs > 1:
                    words += ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={num_jobs}"]
                is_sweep = num_jobs > 1 or len(designs) * max(1, len(ks)) * len(numbers) > 1
                lines.append(_join(_launched(words, times_of, is_sweep=is_sweep)))
        return " && ".join(lines)

    def _overrides(
        self, config: Mapping[str, Any], is_told: Callable[[str], bool]
    ) -> list[str] | None:
        """Return the overrides that make a configuration; None where they cannot be told.

        Files of the user's own options are not read for that, as they name code: all their keys are
        told.
        """
        try:
            own = [group for group in ("arch", "dataset") if TARGET in config[group]]
            groups = _choose_groups(config)
            ours = tuple(word for word in groups if word.partition("=")[0] not in own)
            base = self._compose(ours)
            flat = flatten(config)
        except (HydraException, OmegaConfBaseException, KeyError, TypeError, ValueError):
            return None
        changed = [
            override
            for key, value in flat.items()
            if key != _SEED and is_told(key) and _differs(key, value, base, own)
            for override in _write_overrides(key, value, base.get(key))
        ]
        return [*config_dir_words(config.get("config_dirs", ())), *groups, *changed]

    def _compose(self, groups: tuple[str, ...]) -> dict[str, Any]:
        if groups not in self._composed:
            register_schemas()
            with initialize_config_dir(str(conf_folder()), version_base="1.3"):
                self._composed[groups] = flatten(asdict(typed(compose("config", list(groups)))))
        return self._composed[groups]


def _rectangles(of_k: Mapping[int | None, list[str]]) -> list[tuple[list[str], list[int]]]:
    """Return design classes with the k that all of them have; single networks go with the first.

    >>> _rectangles({None: ["single"], 2: ["deq"], 4: ["deq", "weq"], 8: ["deq"]})
    [(['single', 'deq'], [2, 8]), (['deq', 'weq'], [4])]
    """
    found: dict[tuple[str, ...], list[int]] = {}
    for k, designs in of_k.items():
        if k is not None:
            found.setdefault(tuple(designs), []).append(k)
    swept = [(list(designs), ks) for designs, ks in found.items()]
    if None not in of_k:
        return swept
    if not swept:
        return [(["single"], [])]
    (designs, ks), *others = swept
    return [(["single", *designs], ks), *others]


def _launched(words: Sequence[str], times_of: str, *, is_sweep: bool) -> list[str]:
    """Return the words of a command whose runs have times of a kind.

    Only a sweep has timing passes; `sweep.together=none` is one without.
    """
    if times_of != "run":
        return ["--multirun", *words]
    return ["--multirun", *words, "sweep.together=none"] if is_sweep else [*words]


def _join(words: Sequence[str]) -> str:
    return shell_command("python", "-m", "ensemble_switchover", *words)


def same_treatment(records: Sequence[Record]) -> list[Record]:
    """Return the runs that differ in their seeds alone; of several such groups the largest.

    Their times are of one kind, too.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        values = {key: value for key, value in record.config.items() if key != _SEED}
        treatment = json.dumps(values, sort_keys=True, default=str)
        groups.setdefault((treatment, record.environment.times_of), []).append(record)
    return max(groups.values(), key=len)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values under dotted keys.

    The value of a key that is a mapping, such as an optimizer with its arguments, stays whole.

    >>> flatten({"budget": {"depth": 26}, "recipe": {"loss": {"weight": 2}}})
    {'budget.depth': 26, 'recipe.loss': {'weight': 2}}
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and f"{prefix}{name}" not in key_owners():
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _choose_groups(config: Mapping[str, Any]) -> tuple[str, ...]:
    budget = []
    if "parameters" in config["budget"]:
        count = _write_value(config["budget"]["parameters"])
        budget = ["budget=parameters", f"budget.parameters={count}"]
    recipe = config["recipe"].get("name", PAPERS_RECIPE)
    is_shipped = (conf_folder() / "recipe" / f"{recipe}.yaml").is_file()
    return (
        f"arch={config['arch']['family']}",
        f"dataset={config['dataset']['name']}",
        f"design={config['design_class']['name']}",
        *budget,
        f"execution={config['execution']['name']}",
        *([f"recipe={recipe}"] if is_shipped and recipe != PAPERS_RECIPE else []),
    )


def _write_overrides(key: str, value: Any, usual: Any) -> list[str]:
    """Return the overrides that set a key; those of a mapping set its entries one by one.

    >>> _write_overrides("recipe.loss", {"_target_": "my.Loss"}, {"_target_": None})
    ['++recipe.loss._target_=my.Loss']
    """
    if not isinstance(value, dict):
        return [f"{key}={_write_value(value)}"]
    usual = usual or {}
    dropped = [f"~{key}.{name}" for name in usual if name not in value]
    changed = [
        f"++{key}.{name}={_write_untyped(part)}"
        for name, part in value.items()
        if name not in usual or part != usual[name]
    ]
    return [*dropped, *changed]


def _differs(key: str, value: Any, base: Mapping[str, Any], own: Sequence[str]) -> bool:
    """Return whether a key may have another value than the options of groups give it.

    What a file of the user's own gives it is not known, so all keys of such an option may.
    """
    if key.partition(".")[0] in own:
        return key not in _OF_FILE
    return key in base and value != base[key]


def _is_told(key: str, config: Mapping[str, Any]) -> bool:
    if key in ("dataset.root", "dataset.skip_bad"):
        return bool(config["dataset"]["name"] == "folder")
    try:
        return key != "dataset.content" and is_decisive(key)
    except KeyError:  # of a part of the user's own
        return True


def _write_value(value: Any) -> str:
    """Write a value as Hydra reads it.

    >>> _write_value([1, 128]), _write_value(None), _write_value(True), _write_value({"a": "b c"})
    ('[1,128]', 'null', 'true', "{a:'b c'}")
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        entries = (f"{key}:{_write_untyped(entry)}" for key, entry in value.items())
        return f"{{{','.join(entries)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_write_untyped, value))}]"
    return hydra_text(value) if isinstance(value, str) else str(value)


def _write_untyped(value: Any) -> str:
    """Write a value whose type no schema has, so that a text of digits stays a text.

    >>> _write_untyped("7"), _write_untyped(7), _write_untyped(["7", "a"])
    ("'7'", '7', "['7',a]")
    """
    is_digits = isinstance(value, str) and value.isdecimal()
    return quoted_text(value) if is_digits else _write_value(value)
