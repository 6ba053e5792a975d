"""Make a family of networks from its name and options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.design.families import FAMILIES
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.family import Family


def make_family(name: str, options: dict[str, Any]) -> Family:
    """Make the family called `name` with its options.

    Raises:
        DesignError: if the name is unknown, or an option has an invalid value.
    """
    if name not in FAMILIES:
        raise DesignError(f"arch={name}: expected one of {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name](**options)
