"""Tables and text for a terminal; a name from a record is shown, never obeyed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from ensemble_switchover.analysis.display import ShownTable


def rich_table(shown: ShownTable, title: str) -> Table:
    """Lay out a shown table for a terminal; names from records are never read as markup."""
    table = Table(
        title=Text(printable(title)),
        title_justify="left",
        caption=Text(shown.caption),
        caption_justify="left",
        box=box.SIMPLE,
        pad_edge=False,
        padding=(0, 0, 0, 1),
    )
    for number, header in enumerate(shown.headers):
        # A header is no wider than it has to be, so that the cells below need not be broken.
        width = max([*(len(row[number]) for row in shown.rows), *map(len, header.split())])
        table.add_column(
            Text(textwrap.fill(header, width)),
            justify="left" if number < shown.num_text_columns else "right",
        )
    budget = next(i for i, name in enumerate(shown.headers) if name.startswith("Budget"))
    for number, row in enumerate(shown.rows):
        following = shown.rows[number + 1] if number + 1 < len(shown.rows) else row
        table.add_row(
            *(Text(printable(cell)) for cell in row), end_section=row[budget] != following[budget]
        )
    return table


def printable(text: str) -> str:
    """Replace what a terminal would obey rather than show.

    >>> printable("run" + chr(27) + "[2J")
    'run�[2J'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
