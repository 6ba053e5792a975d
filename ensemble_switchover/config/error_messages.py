"""From an exception of Hydra, OmegaConf or this program to one message for the user."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import yaml
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.groups import (
    ABSENT_GROUPS,
    GROUPS,
    group_options,
    key_owners,
    mapping_keys,
    node_of,
)
from ensemble_switchover.config.override_texts import as_one_text, is_list_key, text_keys
from ensemble_switchover.config.quoting import quoted_text, shell_override
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.unknown_keys import unknown_key_text
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.shell import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable

LAUNCHERS = {"submitit_slurm": "slurm", "submitit_local": "slurm", "ray": "ray"}
"""Launchers of Hydra that are separate packages, and the extra that installs each."""


def message_for(error: Exception) -> str:
    """Return a message that names the key, what was expected, what came, and what to do."""
    if isinstance(error, EnsembleSwitchoverError):
        return str(error)
    if isinstance(error, yaml.YAMLError):
        return _not_yaml(error)
    text = "\n".join(_chain(error))
    if isinstance(error, MissingConfigException) and error.options is not None:
        return _unknown_option(error)
    known = _known_message(text)
    if known is not None:
        return known
    if isinstance(error, OverrideParseException):
        return _unread(error.override)
    wrong = _deepest_omegaconf(error)
    if wrong is not None and wrong.full_key:
        return _wrong_value(wrong.full_key, str(wrong).splitlines()[0])
    return text


def _not_yaml(error: yaml.YAMLError) -> str:
    """Name the place in a file of options where it is no YAML."""
    mark = getattr(error, "problem_mark", None)
    place = "a file of options" if mark is None else f"{mark.name}, line {mark.line + 1}"
    return f"{place}: is no YAML; {on_one_line(getattr(error, 'problem', None) or str(error))}"


def _known_message(text: str) -> str | None:
    """Return the message for what Hydra says of a mistake; None for a text that is not known."""
    for pattern, message in _SAID_BY_HYDRA.items():
        match = re.search(pattern, text, re.DOTALL)
        if match is not None:
            return message(match)
    return None


def _of_unknown_key(match: re.Match[str]) -> str:
    given = re.search(r"use \+[^=\n]*=(.*)", match.string)
    return unknown_key_text(match[1], given[1] if given else "")


def _of_missing_value(match: re.Match[str]) -> str:
    key = _full_key(match[1])
    return f"{key}: expected a value, none came; give {key}=..."


def _unread(override: str) -> str:
    """Refuse an override that Hydra does not read, with what a text of it is written like."""
    key, _, value = override.partition("=")
    key, shown = key.lstrip("+"), on_one_line(override)
    if key not in text_keys():
        return (
            f"{shown}: cannot be read; expected key=value, group=option or lists, and "
            f"quotes around other characters: \"key='value'\""
        )
    texts = f"{shown}: cannot be read; expected key=value with quotes: {shell_override(key, value)}"
    if "," not in value:
        return texts
    several = ",".join(quoted_text(part.strip()) for part in value.split(","))
    return f"{texts}, or for several values {shell_word(f'{key}={several}')}"


def _list_in_run(override: str) -> str:
    """Refuse a list of values outside a sweep."""
    key, _, value = override.partition("=")
    expected = "one value"
    if is_list_key(key):
        expected = f"brackets around one list, {shell_word(f'{key}=[{value}]')}"
    quoted = f"; for one with a comma in it {shell_override(key, as_one_text(value))}"
    return (
        f"{on_one_line(override)}: is a list, and this is one run; expected {expected}, or "
        f"--multirun to run each{quoted if key in text_keys() else ''}"
    )


def _wrong_value(key: str, text: str) -> str:
    if "is not Optional" in text:
        quoted = f"; for the text itself {shell_override(key, 'null')}"
        return f"{key}=null: expected a value{quoted if key in text_keys() else ''}"
    if "is not a ListConfig" in text:
        return f"{key}: expected a list in brackets, such as {shell_word(f'{key}=[a,b]')}"
    if text.startswith(("Invalid type assigned", "Cannot assign")):
        return _holds_keys(key)
    match = re.search(r"Value '(.*?)' of type .* could not be converted to (\w+)", text)
    return f"{key}={match[1]}: expected a value of type {match[2]}" if match else f"{key}: {text}"


def _holds_keys(key: str) -> str:
    """Refuse a value in place of a node, or of a mapping."""
    group = key.replace(".", "/")
    ways = [f"{group}=OPTION, one of {', '.join(group_options(group))}"] if group in GROUPS else []
    one = f"{key}.{TARGET}" if key in mapping_keys() else f"{key}.KEY"
    return f"{key}: holds keys of its own; expected {', or '.join([*ways, f'{one}=...'])}"


def _chosen_already(group: str) -> str:
    return (
        f"{group}: an option of it is chosen already; expected {group}=... without a +, and in the "
        f"defaults list of a file `override /{group}: ...`"
    )


def _unknown_group(text: str) -> str:
    match = re.search(r"Could not override '([^']+)'", text)
    group = match[1] if match else "this group"
    if group in ABSENT_GROUPS:
        return f"{group}: no such group; {ABSENT_GROUPS[group]}"
    return f"{group}: no such group; expected one of {', '.join(GROUPS)}"


def _unknown_option(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    if group == "hydra/launcher" and option in LAUNCHERS:
        return (
            f"{group}={option}: is not installed; "
            f"pip install 'ensemble-switchover[{LAUNCHERS[option]}]'"
        )
    expected = [name for name in error.options or [] if name != "schema"]
    if not group or not expected:
        return str(error)
    near = difflib.get_close_matches(option.lower(), expected, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{group}={option}: expected one of {', '.join(expected)}{meant}"


def _full_key(name: str) -> str:
    if name == node_of("design"):
        return "design"
    return next((key for key in key_owners() if key.rpartition(".")[2] == name), name)


def _chain(error: BaseException | None) -> list[str]:
    texts = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__
    return texts


def _deepest_omegaconf(error: BaseException | None) -> OmegaConfBaseException | None:
    found = None
    while error is not None:
        if isinstance(error, OmegaConfBaseException):
            found = error
        error = error.__cause__
    return found


_SAID_BY_HYDRA: dict[str, Callable[[re.Match[str]], str]] = {
    r"Config group override must be [^\n]* Got (\w+)": lambda match: (
        f"a group takes the name of an option, such as arch=resnet; {match[1]} came"
    ),
    r"Either remove \+ prefix: '([^\n]*)'\n": lambda match: (
        f"+{match[1]}: the key is there already; expected {match[1]}"
    ),
    r"Multiple values for ([\w/@.]+)\.": lambda match: _chosen_already(match[1]),
    r"([\w/@.]+) appears more than once": lambda match: _chosen_already(match[1]),
    r"force-add of config groups is not supported: '\++([\w/@.]+)": lambda match: _chosen_already(
        match[1]
    ),
    r"Could not delete (?:from config\. )?'([^'=]+)": lambda match: unknown_key_text(match[1]),
    r"No match in the defaults list": lambda match: _unknown_group(match.string),
    r"Could not override '([\w/]+)@([\w.]+)": lambda match: (
        f"/{match[1]}: is overridden by a file that fills {match[2].partition('.')[0]} alone; "
        f"expected the line `# @package _global_` at the top of that file"
    ),
    r"Could not override '([^']+)'": _of_unknown_key,
    r"Key '([^']+)' (?:is )?not in": _of_unknown_key,
    r"Cannot find primary config '([^']+)'": lambda match: (
        f"--config-name {match[1]}: no such file in the folders of options; expected "
        f"--config-dir FOLDER with {match[1]}.yaml in it"
    ),
    r"Interpolation key '(?:results|study)' not found": lambda _: (
        "--cfg hydra --resolve: Hydra's keys refer to those of a run; expected --cfg all"
    ),
    r"missing mandatory value: (\w+)": _of_missing_value,
    r"Ambiguous value for argument '(.*)'\n1\. To use": lambda match: _list_in_run(match[1]),
    r"Sweep parameters '(.*)' requires --multirun": lambda match: _list_in_run(match[1]),
}
"""Patterns of what Hydra and OmegaConf say -> what is said instead, in the order of a search."""
