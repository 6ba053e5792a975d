"""Tables and text for a terminal; control characters in names from records are not executed."""

from __future__ import annotations

import csv
import io
import json
import sys
import textwrap
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ensemble_switchover.machine.paths import readable
from ensemble_switchover.machine.units import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ABSENT = "–"  # noqa: RUF001 (an en dash is how tables mark an absent value)

ROW_FORMATS = ("table", "csv", "json")
"""The formats in which a command can write its rows."""

_PREFIXES = ((1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))

TERMINAL_WIDTH = 118
"""Characters a line where the output is not a terminal."""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of text; its first and last columns may be left-aligned, the others are right."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_text_columns: int
    """Number of left-aligned columns at the front."""
    secondary: tuple[str, ...] = ()
    """Headers of columns that a terminal too narrow for all leaves out, the first one first."""
    num_last_text_columns: int = 0
    """Number of left-aligned columns at the end."""

    def is_text(self, number: int) -> bool:
        """Tell whether a column is left-aligned, by its index."""
        is_last = number >= len(self.headers) - self.num_last_text_columns
        return number < self.num_text_columns or is_last

    def without(self, header: str) -> ShownTable:
        """Return the table without a column."""
        left_out = self.headers.index(header)

        def rest(cells: tuple[str, ...]) -> tuple[str, ...]:
            return cells[:left_out] + cells[left_out + 1 :]

        return ShownTable(
            self.caption,
            rest(self.headers),
            tuple(map(rest, self.rows)),
            self.num_text_columns - (left_out < self.num_text_columns),
            tuple(entry for entry in self.secondary if entry != header),
            self.num_last_text_columns
            - (left_out >= len(self.headers) - self.num_last_text_columns),
        )


def make_console() -> Console:
    """Return a console that is wide enough for tables where the output is not a terminal."""
    replace_unknown_characters()
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = TERMINAL_WIDTH
    return console


def print_table(console: Console, shown: ShownTable, title: str) -> None:
    """Print a table; lines longer than the terminal is wide wrap and are not cut."""
    console.print(rich_table(fitted(shown, console), title), crop=False)


def fitted(shown: ShownTable, console: Console) -> ShownTable:
    """Leave out secondary columns until a table fits a terminal; its caption says which."""
    caption, left_out = shown.caption, []
    while shown.secondary and _printed_width(shown, console) > console.width:
        left_out.append(shown.secondary[0])
        shown = shown.without(shown.secondary[0])
    if not left_out:
        return shown
    return replace(shown, caption=f"{caption} A wider terminal shows: {'; '.join(left_out)}.")


def replace_unknown_characters() -> None:
    """Print a question mark for characters that the output's encoding, such as ASCII, lacks."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def complain(text: str) -> None:
    """Print a message to standard error."""
    for line in text.splitlines():
        print(printable(line), file=sys.stderr)


def rich_table(shown: ShownTable, title: str) -> Table:
    """Lay out a table for a terminal; names from records are not read as markup."""
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
        # Headers are wrapped to the width of the cells, so that cells need not be broken.
        cells = [row[number] for row in shown.rows]
        width = _width_of_header(header, max([1, *map(len, cells)]))
        is_text = shown.is_text(number)
        unbroken = [word for text in (header, *cells) for word in text.split()]
        table.add_column(
            Text(textwrap.fill(header, width)),
            justify="left" if is_text else "right",
            # digits and ends of words are never cut
            min_width=max([1, *map(len, unbroken)]) if is_text else width,
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


def _width_of_header(header: str, at_least: int) -> int:
    """Return the least width at which a header takes no more than two lines."""
    width = max([at_least, *map(len, header.split())])
    while len(textwrap.wrap(header, width)) > 2:
        width += 1
    return width


def _printed_width(shown: ShownTable, console: Console) -> int:
    """Return the width of a table on a terminal, which exceeds it where numbers take more."""
    widest = replace(shown, rows=tuple(_deciding_rows(shown)))
    lines = Segment.split_lines(console.render(rich_table(widest, "")))
    return max(map(Segment.get_line_length, lines))


def _deciding_rows(shown: ShownTable) -> Iterable[tuple[str, ...]]:
    """Return the rows with the longest cell and the longest word of a column, for its width."""
    for number in range(len(shown.headers) if shown.rows else 0):
        yield max(shown.rows, key=lambda row: len(row[number]))
        yield max(shown.rows, key=lambda row: max([0, *map(len, row[number].split())]))


def printable(text: str) -> str:
    """Replace control characters, which a terminal would execute, and escape odd bytes.

    >>> printable("run" + chr(27) + "[2J")
    'run�[2J'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in readable(text))


def write_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print rows of these columns to standard output as `csv` or `json`."""
    replace_unknown_characters()
    if form == "json":
        print(json.dumps(list(rows), indent=1))
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    print(text.getvalue(), end="")


def count(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural where it belongs.

    >>> count(1, "epoch"), count(4, "resnet")
    ('1 epoch', '4 resnets')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float | None, decimals: int = 0) -> str:
    """Write a share as a percentage.

    >>> percent(0.254), percent(1.0234, 1)
    ('25 %', '102.3 %')
    """
    return ABSENT if share is None else f"{100 * share:.{decimals}f} %"


def mebibytes(num_bytes: float) -> str:
    """Write a number of bytes in MiB.

    >>> mebibytes(8 * 2**30)
    '8,192 MiB'
    """
    return f"{num_bytes / MEBIBYTE:,.0f} MiB"


def quantity(number: float | None) -> str:
    """Write a number with three digits and a metric prefix.

    >>> quantity(529_625_856), quantity(1_234), quantity(7)
    ('530 M', '1.23 k', '7')
    """
    if number is None:
        return ABSENT
    rounded = float(f"{number:.3g}")
    for factor, unit in _PREFIXES:
        if rounded >= factor:
            return f"{digits(number / factor, 3)}{unit}"
    return digits(number, 3)


def digits(number: float, significant: int) -> str:
    """Round a number to its significant digits, and write it without an exponent.

    >>> digits(1234.5, 3), digits(0.01234, 2), digits(99.96, 3), digits(8.4e-05, 3)
    ('1230', '0.012', '100', '0.000084')
    """
    return f"{Decimal(f'{number:.{significant}g}'):f}"


def duration(seconds: float) -> str:
    """Write seconds in one or two units of time.

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
    """Write seconds with two digits in one unit of time.

    >>> rough_duration(1118), rough_duration(36_000), rough_duration(4.123)
    ('19 min', '10 h', '4.1 s')
    """
    for size, unit in ((2 * 86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{digits(seconds / (86_400 if unit == 'days' else size), 2)} {unit}"
    return f"{digits(seconds, 2)} s"
