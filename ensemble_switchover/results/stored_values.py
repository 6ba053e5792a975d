"""The numbers of records, with the ranges that tables and arithmetic hold.

A record with a number out of its range is unreadable, so that no other run is lost to its tables.
The names are short for annotations that pydantic checks.
"""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le

MAX_STORED = 2**63 - 1
"""The largest integer of a table's column."""
MAX_FACTOR = 10**9
"""Two factors multiplied fit a column."""
MAX_AMOUNT = 10.0**18
"""More seconds, milliseconds or shares than anything takes; sums of many stay finite."""

Count = Annotated[int, Ge(0), Le(MAX_STORED)]
"""A number of things, bytes or operations, or a seed."""
Size = Annotated[int, Ge(1), Le(MAX_STORED)]
"""A number of things of which there is at least one."""
Factor = Annotated[int, Ge(1), Le(MAX_FACTOR)]
"""A depth, a width or a number of members."""
Amount = Annotated[float, Ge(0), Le(MAX_AMOUNT)]
"""A finite measured or configured quantity that is never negative."""
Positive = Annotated[float, Gt(0), Le(MAX_AMOUNT)]
"""A finite measured quantity that other quantities are divided by."""


UNIONS = (UnionType, Union)
"""The origins of types that may be absent; which of them it is depends on the parts."""
MEASURED = (-(10.0**150), 10.0**150)
"""The range of a measure that is a finite number, such as the loss of a run that nearly diverged:
its square is finite too. Those that are no finite numbers are left out of tables."""


def range_of(hint: Any) -> tuple[float, float] | None:
    """Return the least and the most that a type allows, absent values and lists looked through.

    >>> range_of(Factor), range_of(list[Count] | None), range_of(float)
    ((1, 1000000000), (0, 9223372036854775807), None)
    """
    if get_origin(hint) in (*UNIONS, list):
        return next((found for part in get_args(hint) if (found := range_of(part))), None)
    limits = getattr(hint, "__metadata__", ())
    least = next((limit.ge for limit in limits if isinstance(limit, Ge)), None)
    most = next((limit.le for limit in limits if isinstance(limit, Le)), None)
    return None if least is None or most is None else (least, most)  # type: ignore[return-value]


def fits_a_column(value: object) -> bool:
    r"""Return whether a stored value is none of those that a table cannot hold.

    >>> fits_a_column(2**63), fits_a_column("\ud800"), fits_a_column(7)
    (False, False, True)
    """
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    return not isinstance(value, int) or -MAX_STORED <= value <= MAX_STORED
