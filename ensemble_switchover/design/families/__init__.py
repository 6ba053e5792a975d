"""The families of networks, one per file; a new file in this folder is found automatically."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules

from ensemble_switchover.design.family import Family


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
