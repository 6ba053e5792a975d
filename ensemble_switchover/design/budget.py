"""The parameter budget `|S|`: stated as a single network, or as a number of parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ensemble_switchover.design.search import largest_depth, largest_width
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.family import Family, ImageTask

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_NUMBER = re.compile(
    r"\s*((?:[0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)(?:\.[0-9]+)?(?:e\+?[0-9]{1,2})?)\s*([kmg]?)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """The single network `S(width, depth)` and its trainable parameters `|S|`."""

    depth: int
    width: int
    parameters: int


def budget_of_network(family: Family, depth: int, width: int, task: ImageTask) -> Budget:
    """State a budget as a single network, as the paper does (section 2).

    Raises:
        DesignError: if the family has no such network.
    """
    return Budget(depth, width, family.parameters(depth, width, task))


def budget_of_parameters(
    family: Family, parameters: int, *, along: str, depth: int, width: int, task: ImageTask
) -> Budget:
    """State a budget as the largest single network with at most `parameters` parameters.

    Args:
        family: The family of networks.
        parameters: The number that must not be exceeded.
        along: The knob that grows, `width` or `depth`; the other one is held.
        depth: The depth that is held when `along` is `width`.
        width: The width that is held when `along` is `depth`.
        task: What the network must fit.

    Raises:
        DesignError: if not even the smallest network fits.
    """
    if along == "width":
        family.check(depth, 1)
        found = largest_width(family, depth, parameters, task)
        smallest = family.parameters(depth, 1, task)
        held = f"depth {depth}"
    else:
        family.check(family.depths[0], width)
        found = largest_depth(family, width, parameters, task)
        smallest = family.parameters(family.depths[0], width, task)
        held = f"width {width}"
    if found is None:
        raise DesignError(
            f"budget.parameters={parameters:,}: no {family.name} of {held} is that small; "
            f"the smallest has {smallest:,} parameters"
        )
    if along == "width":
        return budget_of_network(family, depth, found, task)
    return budget_of_network(family, found, width, task)


def parse_parameters(text: str) -> int:
    """Read a number of parameters.

    >>> parse_parameters("1.5M"), parse_parameters("200k"), parse_parameters("269722")
    (1500000, 200000, 269722)

    Raises:
        ConfigError: if the text is not a positive number with an optional k, M or G.
    """
    match = _NUMBER.fullmatch(text)
    value = 0
    if match:
        number = Decimal(match[1].replace("_", "").replace(",", ""))
        value = int(number * _FACTORS[match[2].lower()])
    if value < 1:
        raise ConfigError(
            f"budget.parameters={text}: expected a number of parameters such as 1.5M or 200k"
        )
    return value
