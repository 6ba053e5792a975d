"""From an exception of Hydra, OmegaConf or this program to one message for the user."""

from __future__ import annotations

import difflib
import re

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.override_texts import as_one_text, is_list_key, text_keys
from ensemble_switchover.config.quoting import quoted_text, shell_override
from ensemble_switchover.config.schema import (
    ABSENT_GROUPS,
    GROUPS,
    group_options,
    key_owners,
    mapping_keys,
    node_of,
)
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.config.unknown_keys import unknown_key_text
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.shell import shell_word

LAUNCHERS = {"submitit_slurm": "slurm", "submitit_local": "slurm", "ray": "ray"}
"""Launchers of Hydra that are separate packages, and the extra that installs each."""
_LIST_IN_RUN = re.compile(
    r"Ambiguous value for argument '(.*)'\n1\. To use|Sweep parameters '(.*)' requires --multirun",
    re.DOTALL,
)
_ADDED_GROUP = re.compile(
    r"Multiple values for ([\w/@.]+)\.|([\w/@.]+) appears more than once|"
    r"force-add of config groups is not supported: '\++([\w/@.]+)"
)


def message_for(error: Exception) -> str:
    """Return a message that names the key, what was expected, what came, and what to do."""
    if isinstance(error, EnsembleSwitchoverError):
        return str(error)
    if isinstance(error, MissingConfigException):
        return _unknown_option(error)
    text = "\n".join(_chain(error))
    known = _known_message(text)
    if known is not None:
        return known
    if isinstance(error, OverrideParseException):
        return _unread(error.override)
    wrong = _deepest_omegaconf(error)
    if wrong is not None and wrong.full_key:
        return _wrong_value(wrong.full_key, str(wrong).splitlines()[0])
    return text


def _known_message(text: str) -> str | None:
    """Return the message for what Hydra says of a mistake; None for a text that is not known."""
    match = re.search(r"Config group override must be .* Got (\w+)", text)
    if match:
        return f"a group takes the name of an option, such as arch=resnet; {match[1]} came"
    match = re.search(r"Either remove \+ prefix: '(.*)'\n", text)
    if match:
        return f"+{match[1]}: the key is there already; expected {match[1]}"
    match = _ADDED_GROUP.search(text)
    if match:
        group = match[1] or match[2] or match[3]
        return f"{group}: an option of it is chosen already; expected {group}=... without a +"
    match = re.search(r"Could not delete (?:from config\. )?'([^']+)'", text)
    if match:
        return _not_removed(match[1])
    for pattern in (r"Could not override '([^']+)'", r"Key '([^']+)' (?:is )?not in"):
        match = re.search(pattern, text)
        if match and "defaults list" not in text:
            return unknown_key_text(match[1])
    match = re.search(r"No match in the defaults list", text)
    if match:
        return _unknown_group(text)
    match = re.search(r"missing mandatory value: (\w+)", text)
    if match:
        return f"{_full_key(match[1])}: expected a value, none came; give {_full_key(match[1])}=..."
    match = _LIST_IN_RUN.search(text)
    return _list_in_run(match[1] or match[2]) if match else None


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


def _not_removed(key: str) -> str:
    """Refuse to remove what is not there, or has no value."""
    if key in key_owners():
        return f"~{key}: has no value that could be removed; expected {key}=..., or nothing"
    return unknown_key_text(key.partition("=")[0])


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
    near = difflib.get_close_matches(option, expected, n=1)
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
