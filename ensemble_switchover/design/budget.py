"""The parameter budget `|S|`, given as a single network or as a number of parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ensemble_switchover.design.largest_network import largest_depth, largest_width
from ensemble_switchover.errors import ConfigError, DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.family import Family, ImageTask

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
MAX_PARAMETERS = 10**18
"""More parameters than any network has."""
_NUMBER = re.compile(
    r"\s*((?:[0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)(?:\.[0-9]+)?(?:e\+?[0-9]{1,2})?)\s*([kmg]?)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Budget:
    """The single network `S(width, depth)` and the number of its trainable parameters `|S|`."""

    depth: int
    width: int
    parameters: int


def budget_of_network(family: Family, depth: int, width: int, task: ImageTask) -> Budget:
    """Return the budget of a single network, which is how the paper states budgets (section 2).

    Raises:
        DesignError: if the family has no such network.
    """
    return Budget(depth, width, family.parameters(depth, width, task))


def budget_of_parameters(
    family: Family, parameters: int, *, along: str, depth: int, width: int, task: ImageTask
) -> Budget:
    """Return the budget of the largest single network with at most `parameters` parameters.

    Args:
        family: The family of networks.
        parameters: The largest number of trainable parameters allowed.
        along: What is searched, `width` or `depth`; the other one is fixed.
        depth: The fixed depth if `along` is `width`.
        width: The fixed width factor if `along` is `depth`.
        task: The images and classes of the data set.

    Raises:
        DesignError: if the family has no network at the fixed value, or even its smallest one has
            more parameters.
    """
    if along == "width":
        smallest, fixed = family.parameters(depth, 1, task), f"depth {depth}"
        found = largest_width(family, depth, parameters, task)
    else:
        smallest, fixed = family.parameters(family.depths[0], width, task), f"width {width}"
        found = largest_depth(family, width, parameters, task)
    if found is None:
        raise DesignError(
            f"budget.parameters={parameters:,}: no {family.name} of {fixed} is that small; "
            f"the smallest has {smallest:,} parameters"
        )
    depth, width = (depth, found) if along == "width" else (found, width)
    return budget_of_network(family, depth, width, task)


def parse_parameters(text: str) -> int:
    """Parse a number of parameters such as `1.5M`.

    >>> parse_parameters("1.5M"), parse_parameters("200k"), parse_parameters("269722")
    (1500000, 200000, 269722)

    Raises:
        ConfigError: if the text is not a number of 1 to `MAX_PARAMETERS` with an optional k, M or
            G.
    """
    match = _NUMBER.fullmatch(text)
    value = 0
    if match:
        number = Decimal(match[1].replace("_", "").replace(",", ""))
        if match[2] or number == int(number):  # 1.5 alone may mean thousands or millions
            value = int(number * _FACTORS[match[2].lower()])
    if not 1 <= value <= MAX_PARAMETERS:
        raise ConfigError(
            f"budget.parameters={text}: expected a number of parameters such as 1.5M or 200k, at "
            f"most {MAX_PARAMETERS // _FACTORS['g']:,}G"
        )
    return value
