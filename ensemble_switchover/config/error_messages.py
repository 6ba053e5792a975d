"""From an exception of Hydra, OmegaConf or this program to one message for the user."""

from __future__ import annotations

import difflib
import re
from dataclasses import fields

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.override_texts import as_one_text, text_keys
from ensemble_switchover.config.quoting import quoted_text, shell_override
from ensemble_switchover.config.schema import ABSENT_GROUPS, GROUPS, SCHEMAS, key_owners, node_of
from ensemble_switchover.config.trainer_flags import unknown_flag
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.machine.shell import shell_word

LAUNCHERS = {"submitit_slurm": "slurm", "submitit_local": "slurm", "ray": "ray"}
"""Launchers of Hydra that are separate packages, and the extra that installs each."""
_LIST_IN_RUN = re.compile(
    r"Ambiguous value for argument '(.*)'\n|Sweep parameters '(.*)' requires --multirun", re.DOTALL
)
SHOW_ALL = "python -m ensemble_switchover --cfg job shows every key"


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
    for pattern in (r"Could not override '([^']+)'", r"Key '([^']+)' (?:is )?not in"):
        match = re.search(pattern, text)
        if match and "defaults list" not in text:
            return _unknown_key(match[1])
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


def _list_in_run(override: str) -> str:
    """Refuse a list of values outside a sweep."""
    key, _, value = override.partition("=")
    quoted = f"; for one with a comma in it {shell_override(key, as_one_text(value))}"
    return (
        f"{on_one_line(override)}: is a list, and this is one run; expected one value, or "
        f"--multirun to run each{quoted if key in text_keys() else ''}"
    )


def _unknown_key(key: str) -> str:
    node, _, name = key.partition(".")
    for group, schemas in SCHEMAS.items():
        owners = [
            option
            for option, schema in schemas.items()
            if name in {entry.name for entry in fields(schema)}
        ]
        if node_of(group) == node and owners and key in key_owners():
            return f"{key}: belongs to {node}={' or '.join(owners)}, which was not chosen"
    if key in ABSENT_GROUPS:
        return f"{key}: no such group; {ABSENT_GROUPS[key]}"
    if node == "trainer":
        return unknown_flag(name)
    near = difflib.get_close_matches(key, [*key_owners(), *GROUPS], n=3)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{key}: no such key; {meant}{SHOW_ALL}"


def _wrong_value(key: str, text: str) -> str:
    if "is not Optional" in text:
        quoted = f"; for the text itself {shell_override(key, 'null')}"
        return f"{key}=null: expected a value{quoted if key in text_keys() else ''}"
    match = re.search(r"Value '(.*?)' of type .* could not be converted to (\w+)", text)
    return f"{key}={match[1]}: expected a value of type {match[2]}" if match else f"{key}: {text}"


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
