"""The families of networks, one per file; a new file in this folder is found automatically."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from ensemble_switchover.design.family import Family
from ensemble_switchover.errors import DesignError


def _families() -> dict[str, type[Family]]:
    """Find the family that each file of this folder defines."""
    found = {}
    for file in iter_modules(__path__, f"{__name__}."):
        for _, value in inspect.getmembers(import_module(file.name), inspect.isclass):
            if issubclass(value, Family) and value.__module__ == file.name:
                found[value.name] = value
    return found


FAMILIES: dict[str, type[Family]] = _families()
"""The classes of the families by name."""


def make_family(name: str, options: dict[str, Any]) -> Family:
    """Make the family called `name` with its options.

    Raises:
        DesignError: if the name is unknown, or an option has an invalid value.
    """
    if name not in FAMILIES:
        raise DesignError(f"arch={name}: expected one of {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name](**options)
