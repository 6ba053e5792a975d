"""Overrides of text keys keep their text: Hydra would read `study=2024_05_01` as a number."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Optional, get_origin, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from ensemble_switchover.config.amounts import refuse_long_numbers
from ensemble_switchover.config.groups import GROUPS, key_owners
from ensemble_switchover.config.quoting import quoted_text, shell_override
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import is_text, on_one_line
from ensemble_switchover.machine.shell import shell_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hydra.core.override_parser.types import Override

_OVERRIDE = re.compile(r"(\+{0,2})([A-Za-z_][\w./-]*)=(.*)", re.DOTALL)
_GIVEN = re.compile(r"[+-]{0,2}[A-Za-z_][\w./-]*=(.*)", re.DOTALL)
"""The value of an override, or of an option such as --out=."""
_PIECE = re.compile(
    r"""'(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | \\. | \$\{[^}]*\} | .""", re.DOTALL | re.VERBOSE
)
"""What is one to Hydra: a text in quotes, an escaped character, a reference, or a character."""
EXPERIMENT = "experiment"
BLANKS = " \t"
_OPENING, _CLOSING = "([{", ")]}"
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_OF_TEXTS = re.compile(r"((?:choice|sort|shuffle)\()(.*)(\))", re.DOTALL)
"""Functions of Hydra whose arguments are values of the key."""
_OF_HYDRA = "hydra."


def keep_texts(overrides: Sequence[str]) -> list[str]:
    """Quote the values of text keys that Hydra would read as something else than a text.

    So `study=007`, `study=1e3` and `study=true` are the studies of these names, also in lists, and
    `~` may be written without quotes. Numbers of Hydra's own keys, such as an account of Slurm,
    keep their digits.

    Args:
        overrides: The words of a command; what is no override stays as it is.

    Raises:
        ConfigError: for a text that is not UTF-8; for one with spaces at its ends or backslashes,
            which Hydra would remove; for a list or a mapping; for a number of hundreds of digits;
            for a key that would be removed.
    """
    refuse_long_numbers(overrides)
    for override in overrides:
        refuse_bytes(override)
        _refuse_removal(override)
    return [_keep(override) for override in overrides]


def refuse_bytes(word: str) -> None:
    """Refuse a word of a command that is not UTF-8, and say how to rename a file so named.

    Raises:
        ConfigError: if the word is not UTF-8; it is shown with its odd bytes escaped.
    """
    if is_text(word):
        return
    if _is_utf8(word):
        raise ConfigError(
            f"{on_one_line(word)}: the locale is not UTF-8, but this is; expected LC_ALL=C.UTF-8"
        )
    given = _GIVEN.fullmatch(word)
    path = (given[1] if given else word).strip("'\"")
    raise ConfigError(
        f"{on_one_line(word)}: is not UTF-8; expected a name without such bytes; to rename a file "
        f"or folder: mv {shell_path(path)} NEW_NAME"
    )


def _refuse_removal(word: str) -> None:
    """Refuse to remove a key, of which the default would be left; what a group chose may go."""
    if not word.startswith("~"):
        return
    name = word.removeprefix("~").partition("=")[0]
    is_key = any(known == name or known.startswith(f"{name}.") for known in key_owners())
    if is_key and name not in GROUPS:
        raise ConfigError(f"~{name}: a key cannot be removed; expected {name}=... in its place")


def _is_utf8(word: str) -> bool:
    """Return whether the bytes of a word are UTF-8, however Python has read them."""
    try:
        os.fsencode(word).decode()
    except UnicodeError:
        return False
    return True


@cache
def text_keys() -> dict[str, bool]:
    """Return every key that takes a text, and whether it may be null instead."""
    hints = {
        key: get_type_hints(owner)[key.rpartition(".")[2]] for key, owner in key_owners().items()
    }
    return {key: hint is not str for key, hint in hints.items() if hint in (str, Optional[str])}


def is_list_key(key: str) -> bool:
    """Return whether a key takes a list of values.

    >>> is_list_key("measurement.latency_batch_sizes"), is_list_key("seed")
    (True, False)
    """
    owner = key_owners().get(key)
    return owner is not None and get_origin(get_type_hints(owner)[key.rpartition(".")[2]]) is list


def split_list(text: str) -> Iterator[str]:
    """Split a value at the commas at which Hydra splits it.

    >>> list(split_list("a,'b,c',[d,e]"))
    ['a', "'b,c'", '[d,e]']
    """
    depth, part = 0, ""
    for piece in _PIECE.findall(text):
        if piece == "," and not depth:
            yield part
            part = ""
        else:
            depth += (piece in _OPENING) - (piece in _CLOSING)
            part += piece
    yield part


def as_one_text(values: str) -> str:
    """Return a list of values as the one text that it may have been meant to be.

    >>> as_one_text("'2024_05_01', it")
    '2024_05_01, it'
    """
    parts = split_list(values)
    return ",".join(
        _around(part, str(_read(part))) if _QUOTED.fullmatch(part.strip(BLANKS)) else part
        for part in parts
    )


def _keep(override: str) -> str:
    found = _OVERRIDE.fullmatch(override)
    if found is None:
        return override
    plus, key, value = found.groups()
    if key == EXPERIMENT:  # `+experiment=` is what many projects write; here it is in the defaults
        return f"{key}={value}"
    if key in text_keys():
        parts = list(split_list(value))
        if len(parts) == 1:
            return f"{plus}{key}={_kept_text(key, value)}"
        kept = ",".join(_around(part, _kept_text(key, part.strip(BLANKS))) for part in parts)
        is_read = _parse(kept) is not None  # else it is refused as it was typed
        return f"{plus}{key}={kept}" if is_read else override
    if key.startswith(_OF_HYDRA):
        return f"{plus}{key}={_kept_number(value)}"
    return override


def _kept_text(key: str, text: str) -> str:
    """Return one value of a text key as Hydra has to be given it."""
    if _QUOTED.fullmatch(text):
        return text
    if text.startswith("~"):  # which Hydra would not read
        return quoted_text(text) if _read(text[1:]) == text[1:] else text
    of_texts = _OF_TEXTS.fullmatch(text)
    if of_texts:
        inside = ",".join(_kept_text(key, part.strip()) for part in split_list(of_texts[2]))
        return f"{of_texts[1]}{inside}{of_texts[3]}"
    value = _read(text)
    if isinstance(value, (list, dict)):
        raise ConfigError(
            f"{key}={on_one_line(text)}: Hydra would read it as more than one text; expected one, "
            f"in quotes if it is this: {shell_override(key, text)}"
        )
    if value is None or str(value) == text:
        return text
    if isinstance(value, (bool, int, float)) and "(" not in text:
        return quoted_text(text)
    if isinstance(value, (str, bool, int, float)):
        raise ConfigError(
            f"{key}={on_one_line(text)}: Hydra would read it as {value}; expected quotes, as in "
            f"{shell_override(key, text)} or {shell_override(key, str(value))}"
        )
    return text


def _kept_number(text: str) -> str:
    value = _read(text)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return quoted_text(text) if is_number and str(value) != text else text


def _around(part: str, kept: str) -> str:
    """Put the blanks around a value of a list around another."""
    begin, end = len(part) - len(part.lstrip(BLANKS)), len(part.rstrip(BLANKS))
    return part[:begin] + kept + part[end:]


def _read(text: str) -> Any:
    """Read a value as Hydra does; None for what it does not read, and for lists."""
    parsed = _parse(text)
    return None if parsed is None or parsed.is_sweep_override() else parsed.value()


def _parse(text: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(f"key={text}")
    except HydraException:
        return None
