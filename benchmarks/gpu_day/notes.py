"""Tables whose empty cells say why they are empty, by a number that is explained below them."""

from __future__ import annotations

from rich import box
from rich.table import Table


class Notes:
    """The numbered reasons below a table, and remarks."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._remarks: list[str] = []

    def mark(self, reason: str) -> str:
        """Return the number of a reason, as it is shown beside a value.

        >>> notes = Notes()
        >>> notes.mark("cut off"), notes.empty("not begun"), notes.mark("cut off")
        (' [1]', '- [2]', ' [1]')
        """
        return f" [{self._numbers.setdefault(reason, len(self._numbers) + 1)}]"

    def empty(self, reason: str) -> str:
        """Return an empty cell with the number of its reason."""
        return f"-{self.mark(reason)}"

    def add(self, remark: str) -> None:
        """Add a remark on the whole table, once."""
        if remark not in self._remarks:
            self._remarks.append(remark)

    def lines(self) -> list[str]:
        """Return the reasons and remarks, one a line."""
        return [*(f"[{number}] {text}" for text, number in self._numbers.items()), *self._remarks]


def new_table(title: str, *columns: str) -> Table:
    """Make a narrow table whose first column is text and whose others are figures.

    Its title is its caption, which is written above it by itself: it may be wider than the table.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, caption=title)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    return table
