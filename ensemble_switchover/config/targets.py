"""Parts of a user's own: a class or function by its full name, `_target_`, with its arguments."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from ensemble_switchover.errors import ConfigError, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGET = "_target_"
_FULL_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def no_part() -> dict[str, Any]:
    """Return the value of a key that names no part, so that `KEY._target_=` can set one."""
    return {TARGET: None}


def stated_part(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part as it is stated, or an empty mapping where none is."""
    return dict(part) if part.get(TARGET) is not None or set(part) - {TARGET} else {}


def target_problems(key: str, part: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the name of a part, without importing it.

    Args:
        key: The key of the part, such as `recipe.optimizer`.
        part: The name of its class or function as `_target_`, and arguments.

    >>> target_problems("recipe.loss", {"weight": 2})
    ['recipe.loss: expected recipe.loss._target_=package.module.Name, and no _target_ came']
    """
    if part.get(TARGET) is None:
        return [f"{key}: expected {key}.{TARGET}=package.module.Name, and no {TARGET} came"]
    name = part[TARGET]
    if not isinstance(name, str) or not _FULL_NAME.fullmatch(name):
        return [f"{key}.{TARGET}={name}: expected a full name, such as package.module.Name"]
    package = name.partition(".")[0]
    if not _is_found(package):
        return [
            f"{key}.{TARGET}={name}: there is no module {package}; expected one that is installed, "
            f"or that lies in the folder of the command or in PYTHONPATH"
        ]
    return []


def _is_found(package: str) -> bool:
    """Return whether there is a module; one that was found is not looked for again."""
    if package not in _found and (package in sys.modules or find_spec(package) is not None):
        _found.add(package)
    return package in _found


_found: set[str] = set()


def make_part(key: str, part: Mapping[str, Any], *positional: Any, **named: Any) -> Any:
    """Import a part's class or function, and call it with its arguments and further ones.

    Lists and mappings among the arguments are Python's.

    Raises:
        ConfigError: if it cannot be imported, or does not take the arguments.
    """
    try:
        return instantiate({"_convert_": "all", **part}, *positional, **named)
    except InstantiationException as error:
        cause = error.__cause__ or error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = _absent(str(part[TARGET])) or first_line(cause)
        raise ConfigError(f"{key}.{TARGET}={part[TARGET]}: {reason}") from error


def find_part(key: str, name: str) -> Any:
    """Import what a full name stands for, and return it.

    Raises:
        ConfigError: if it is no full name, or cannot be imported.
    """
    problems = target_problems(key, {TARGET: name})
    if problems:
        raise ConfigError(*problems)
    try:
        return resolve_name(name)
    except Exception as error:  # whatever a module of others raises
        reason = _absent(name) or first_line(error)
        raise ConfigError(f"{key}.{TARGET}={name}: {reason}") from error


def _absent(name: str) -> str | None:
    """Say which part of a full name is not in the module before it, and which was meant, or None.

    Only modules that are imported already are looked at: a module that fails says so itself.
    """
    owner, _, last = name.rpartition(".")
    module = sys.modules.get(owner)
    if module is None or hasattr(module, last):
        return None
    near = get_close_matches(last, [one for one in dir(module) if not one.startswith("_")], n=1)
    meant = f"; did you mean {owner}.{near[0]}?" if near else ""
    return f"the module {owner} has no {last}{meant}"
