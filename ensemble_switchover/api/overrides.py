"""From the arguments of a call in Python to overrides as the command line takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from numbers import Integral, Real
from os import PathLike, fspath
from typing import TYPE_CHECKING, TypeGuard, get_args, get_origin, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser

from ensemble_switchover.config.config_dirs import SEARCH_PATH
from ensemble_switchover.config.groups import GROUPS, key_owners
from ensemble_switchover.config.override_texts import keep_texts
from ensemble_switchover.config.quoting import hydra_text, quoted_text
from ensemble_switchover.config.search_path import with_config_dir
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import user_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hydra.core.override_parser.types import Override

CONFIG_DIR = "config_dir"
"""The keyword that is no override: a folder of options of the user's own."""


def as_overrides(words: Sequence[str], keywords: Mapping[str, object]) -> list[str]:
    """Return the overrides of a call; those of the command line itself are refused.

    A text of a keyword is one value, whatever characters are in it. A mapping sets the keys of a
    group. A list is one value where the key takes a list, and else a list of values. `config_dir`
    is what `--config-dir` is.

    >>> as_overrides(["design=deq"], {"k": 4, "budget": {"width": 12}, "seed": range(2)})
    ['design=deq', 'k=4', 'budget.width=12', 'seed=0,1']

    Raises:
        ConfigError: for what is no override, or belongs to a sweep of the command line.
        HydraException: for an override that Hydra does not read.
    """
    for word in words:
        if not isinstance(word, str):
            raise ConfigError(
                f"{word!r}: expected overrides one by one, such as compose('design=deq', 'k=4')"
            )
    overrides = [*words]
    for key, value in keywords.items():
        if key == CONFIG_DIR:
            overrides = with_config_dir(overrides, user_path(str(value)))
        else:
            overrides += _of_keyword(key, value)
    for parsed in parse(overrides):
        if parsed.is_hydra_override() and parsed.key_or_group != SEARCH_PATH:
            raise ConfigError(
                f"{parsed.input_line}: is for the command line, which starts runs by Hydra; "
                f"expected it left out"
            )
        if parsed.key_or_group.startswith("sweep."):
            raise ConfigError(
                f"{parsed.input_line}: is for a sweep of the command line; expected it left out"
            )
    return overrides


def parse(overrides: Sequence[str]) -> list[Override]:
    """Parse overrides as Hydra does, texts kept.

    Raises:
        ConfigError, HydraException: for what cannot be read.
    """
    return OverridesParser.create().parse_overrides(keep_texts(overrides))


def _of_keyword(key: str, value: object) -> Iterator[str]:
    kinds, group = _kinds(key), key.replace(".", "/")
    if group in GROUPS and not isinstance(value, Mapping):
        key = group
    if isinstance(value, Mapping) and dict not in kinds:
        for name, entry in value.items():
            yield from _of_keyword(f"{key}.{name}", entry)
    elif isinstance(value, Mapping):
        yield f"++{key}={_text(key, value)}"  # its keys are the user's own
    elif _is_list(value) and not kinds & {list, dict}:
        yield f"{key}={','.join(_text(key, entry) for entry in value)}"
    else:
        yield f"{key}={_text(key, value)}"


def _text(key: str, value: object) -> str:
    """Write a value as Hydra reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return _text(key, value.value)
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, str | PathLike):
        text = str(fspath(value))
        return quoted_text(text) if ":" in text else hydra_text(text)
    if isinstance(value, Mapping):
        inside = (f"{name}:{_text(f'{key}.{name}', entry)}" for name, entry in value.items())
        return f"{{{','.join(inside)}}}"
    if _is_list(value):
        return f"[{','.join(_text(key, entry) for entry in value)}]"
    raise ConfigError(
        f"{key}={value!r}: expected a text, a number, a bool, None, a mapping or a list, and a "
        f"{type(value).__name__} came"
    )


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _kinds(key: str) -> set[object]:
    """Return the types of a key; none for a group of keys, and for what is no key."""
    owner = key_owners().get(key)
    if owner is None:
        return set()
    hint = get_type_hints(owner)[key.rpartition(".")[2]]
    return {get_origin(part) or part for part in (hint, *get_args(hint))}
