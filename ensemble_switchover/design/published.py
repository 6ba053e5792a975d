"""Tables B to D of the paper, as printed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ensemble_switchover.errors import DesignError

PUBLISHED_K = 4
"""The number of members in the paper's tables."""
_TABLES = {
    "densenet": ("B", "table_b_densenet.csv"),
    "resnet": ("C", "table_c_resnet.csv"),
    "wide_resnet": ("D", "table_d_wide_resnet.csv"),
}


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One row: a single network, the depth of its weq ensemble and the width of its deq one."""

    single_depth: int
    single_width: int
    weq_depth: int
    deq_width: int


PUBLISHED_FAMILIES = tuple(_TABLES)
"""The families that the paper has a table for."""


def published_table(family: str) -> str:
    """Return the letter of the family's table in the paper.

    Raises:
        DesignError: if the paper has no table for the family.
    """
    if family not in _TABLES:
        raise DesignError(f"budget.source=published: the paper has no table for {family}")
    return _TABLES[family][0]


@cache
def published_rows(family: str) -> tuple[PublishedRow, ...]:
    """Return the rows of the family's table (B: DenseNet, C: ResNet, D: Wide ResNet).

    Raises:
        DesignError: if the paper has no table for the family.
    """
    published_table(family)
    _, file = _TABLES[family]
    text = (files("ensemble_switchover.design") / "tables" / file).read_text()
    return tuple(
        PublishedRow(**{key: int(value) for key, value in row.items()})
        for row in csv.DictReader(text.splitlines())
    )


def published_member(
    family: str, depth: int, width: int, design_class: str, k: int
) -> tuple[int, int]:
    """Return the printed depth and width of a member for the single network `depth`x`width`.

    Raises:
        DesignError: if the tables lack that network or that number of members.
    """
    if k != PUBLISHED_K:
        raise DesignError(f"budget.source=published: the tables are for k={PUBLISHED_K}, not k={k}")
    table = published_table(family)
    for row in published_rows(family):
        if (row.single_depth, row.single_width) == (depth, width):
            return (depth, row.deq_width) if design_class == "deq" else (row.weq_depth, width)
    networks = ", ".join(f"{row.single_depth}x{row.single_width}" for row in published_rows(family))
    raise DesignError(
        f"budget.source=published: Table {table} has no single network {depth}x{width}; "
        f"it has {networks}"
    )
