"""Tables and text for a terminal; a name from a record is shown, never obeyed."""

from __future__ import annotations

import csv
import json
import sys
import textwrap
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

ABSENT = "–"  # noqa: RUF001 (an en dash is how tables mark an absent value)

FORMATS = ("table", "csv", "json")
"""How a command may write its rows."""

_PREFIXES = ((1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))

TERMINAL_WIDTH = 118
"""Columns of text where the output is no terminal and has no width of its own."""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of text; the first `num_text_columns` columns are left-aligned, the rest right."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_text_columns: int


def make_console() -> Console:
    """Return a console that is wide enough for tables where the output is no terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = TERMINAL_WIDTH
    return console


def complain(text: str) -> None:
    """Print a message to standard error."""
    for line in text.splitlines():
        print(printable(line), file=sys.stderr)


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
        width = max([1, *(len(row[number]) for row in shown.rows), *map(len, header.split())])
        table.add_column(
            Text(textwrap.fill(header, width)),
            justify="left" if number < shown.num_text_columns else "right",
        )
    section = next((i for i, name in enumerate(shown.headers) if name.startswith("Budget")), 0)
    grouped = len({row[section] for row in shown.rows}) < len(shown.rows)
    for number, row in enumerate(shown.rows):
        following = shown.rows[number + 1] if number + 1 < len(shown.rows) else row
        table.add_row(
            *(Text(printable(cell)) for cell in row),
            end_section=grouped and row[section] != following[section],
        )
    return table


def printable(text: str) -> str:
    """Replace what a terminal would obey rather than show.

    >>> printable("run" + chr(27) + "[2J")
    'run�[2J'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def write_rows(rows: Sequence[Any], schema: type[Any], form: str) -> None:
    """Print dataclass rows to standard output as `csv` or `json`."""
    values = [asdict(row) for row in rows]
    if form == "json":
        print(json.dumps(values, indent=1))
        return
    names = [entry.name for entry in fields(schema)]
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(values)


def percent(share: float | None, decimals: int = 0) -> str:
    """Write a share.

    >>> percent(0.254), percent(1.0235, 1)
    ('25 %', '102.3 %')
    """
    return ABSENT if share is None else f"{100 * share:.{decimals}f} %"


def quantity(number: float | None) -> str:
    """Write a large number with three digits.

    >>> quantity(529_625_856), quantity(1_234), quantity(7)
    ('530 M', '1.23 k', '7')
    """
    if number is None:
        return ABSENT
    for factor, unit in _PREFIXES:
        if number >= factor:
            return f"{number / factor:.3g}{unit}"
    return f"{number:.3g}"


def duration(seconds: float) -> str:
    """Write seconds for a reader.

    >>> duration(7.4), duration(131), duration(7320), duration(400_000)
    ('7 s', '2 min 11 s', '2 h 2 min', '4 days 15 h')
    """
    whole = round(seconds)
    if whole >= 2 * 86_400:
        return f"{whole // 86_400} days {whole % 86_400 // 3600} h"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def rough_duration(seconds: float) -> str:
    """Write seconds in one unit.

    >>> rough_duration(1118), rough_duration(36_000), rough_duration(4.123)
    ('19 min', '10 h', '4.1 s')
    """
    for size, unit in ((2 * 86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / (86_400 if unit == 'days' else size):.2g} {unit}"
    return f"{seconds:.2g} s"
