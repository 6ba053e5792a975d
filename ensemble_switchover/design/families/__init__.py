"""The families of networks, one per file; a new file in this folder is found automatically.

Families of other packages are known once they are registered, by `register_family`, or by an entry
point of an installed package. A family that a file names is never imported for that.
"""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any, TypeVar

from ensemble_switchover.design.family import Family
from ensemble_switchover.errors import DesignError, first_line
from ensemble_switchover.machine.terminal import complain

ENTRY_POINTS = "ensemble_switchover.families"
"""The group of entry points by which an installed package registers its families."""

_Registered = TypeVar("_Registered", bound=type[Family])


def _families() -> dict[str, type[Family]]:
    """Find the family that each file of this folder defines."""
    found = {}
    for file in iter_modules(__path__, f"{__name__}."):
        for _, value in inspect.getmembers(import_module(file.name), inspect.isclass):
            if issubclass(value, Family) and value.__module__ == file.name:
                found[value.name] = value
    return found


FAMILIES: dict[str, type[Family]] = _families()
"""The classes of the package's own families by name."""

_REGISTERED: dict[str, type[Family]] = {}
"""The classes of families of other packages by name."""


def register_family(family: _Registered) -> _Registered:
    """Make a family of another package known by its name; it can be used as a decorator.

    Raises:
        DesignError: if it is no family, or its name is that of another one.
    """
    shown = full_name(family) if hasattr(family, "__qualname__") else family
    problem = _problem_of(family)
    if problem is not None:
        raise DesignError(f"{shown}: {problem}")
    other = {**FAMILIES, **_REGISTERED}.get(family.name, family)
    if full_name(other) != full_name(family):
        raise DesignError(
            f"{shown}: its name is {family.name}, as that of {full_name(other)}; expected another"
        )
    _REGISTERED[family.name] = family
    return family


def known_families() -> dict[str, type[Family]]:
    """Return the families of the package, of installed packages and registered ones, by name."""
    _register_entry_points()
    return {**FAMILIES, **_REGISTERED}


def full_name(family: type[Family]) -> str:
    """Return the full name of a family's class."""
    return f"{family.__module__}.{family.__qualname__}"


def outside_name(family: Family) -> str | None:
    """Return the full name of the class of a family of another package; None for one of this."""
    kind = type(family)
    return None if FAMILIES.get(kind.name) is kind else full_name(kind)


def make_family(name: str, options: dict[str, Any]) -> Family:
    """Make the family called `name` with its options.

    Raises:
        DesignError: if the name is unknown, or an option has an invalid value.
    """
    found = FAMILIES.get(name) or known_families().get(name)
    if found is None:
        raise DesignError(
            f"arch={name}: expected one of {', '.join(sorted(known_families()))}; one of another "
            f"package has to be imported and given to register_family first"
        )
    return found(**options)


def _problem_of(family: Any) -> str | None:
    """Return what keeps a class from being a family, if anything does."""
    if not inspect.isclass(family) or not issubclass(family, Family):
        return "expected a class that extends ensemble_switchover.design.Family"
    if "__dataclass_params__" not in vars(family):
        return "expected @dataclass(frozen=True) before the class"
    for name in ("name", "width_name", "default_depth", "default_width"):
        if not hasattr(family, name):
            return f"expected {name}, as every family has it"
    if not isinstance(family.name, str) or not family.name.isidentifier():
        return f"expected a name of letters, digits and underscores, and {family.name!r} came"
    if inspect.isabstract(family):
        return f"expected the methods {', '.join(sorted(family.__abstractmethods__))}"
    for option in fields(family):
        if option.default is MISSING:
            return f"{option.name}: expected a default, as every option of a family has one"
    return None


@cache
def _register_entry_points() -> None:
    """Register the families of installed packages; one that cannot be loaded is left out."""
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            register_family(entry.load())
        except Exception as error:  # noqa: BLE001 - a package of others must not end every command
            complain(f"the family {entry.name} of {entry.value}: left out: {first_line(error)}")
