"""`python -m ensemble_switchover.designs`: the designs of each budget, and the paper's tables."""

from __future__ import annotations

import sys
from dataclasses import asdict, fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensemble_switchover.config.command_line import command_parser, parse_arguments, run_command
from ensemble_switchover.machine.terminal import (
    ABSENT,
    ROW_FORMATS,
    ShownTable,
    make_console,
    percent,
    print_table,
    printable,
    quantity,
    write_rows,
)
from ensemble_switchover.planning.design_rows import (
    DESIGN_ROW_COLUMNS,
    PaperRow,
    list_designs,
    list_paper_tables,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = (
    "Show the designs of each budget: the single network, and the depth-equivalent and "
    "width-equivalent ensembles of k members, with their parameters, FLOPs and layers."
)
PAPER_CAPTION = (
    "weq: the members' depth, deq: their width factor, as printed (k = 4) and as solved by the "
    "inequality k |E| <= |S|. ! marks a printed design that spends more than its budget."
)
CAPTION = "FLOPs: forward pass of all members, 2 per multiply-add. Layers: of one member."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    parser = command_parser("designs", _DESCRIPTION)
    parser.add_argument(
        "--paper",
        action="store_true",
        help="recompute the paper's Tables B to D, on their data sets or on those of dataset=",
    )
    parser.add_argument("--format", choices=ROW_FORMATS, default="table", help="default: table")
    given = parse_arguments(parser, arguments)
    show = show_paper if given.paper else show_designs
    return run_command(lambda: show(given.overrides, given.format))


def show_designs(overrides: Sequence[str], form: str) -> int:
    """Show the designs that the overrides ask for, and return the exit code."""
    rows = list_designs(overrides)
    if form != "table":
        write_rows(rows, DESIGN_ROW_COLUMNS, form)
        return 0
    console = make_console()
    for (family, options, dataset), part in groupby(
        rows, lambda row: (row["family"], row["changed_options"], row["dataset"])
    ):
        designs = list(part)
        title = f"{family} {options} on {dataset}" if options else f"{family} on {dataset}"
        print_table(console, _shown_designs(designs), title)
        for problem in dict.fromkeys(row["problem"] for row in designs if row["problem"]):
            console.print(Text(f"No such design: {printable(problem)}"), soft_wrap=True)
    return 0


def show_paper(overrides: Sequence[str], form: str) -> int:
    """Show the paper's tables with the solutions of its inequality and a sentence on each."""
    rows, lines = list_paper_tables(overrides)
    if form != "table":
        columns = [entry.name for entry in fields(PaperRow)]
        write_rows(map(asdict, rows), columns, form)
        return 0
    console = make_console()
    for (table, family, dataset), part in groupby(
        rows, lambda row: (row.table, row.family, row.dataset)
    ):
        title = f"Table {table}: {family} on {dataset}"
        print_table(console, _shown_paper(list(part)), title)
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    return 0


def _shown_designs(rows: Sequence[dict[str, Any]]) -> ShownTable:
    headers = (
        "Budget", "Parameters |S|", "Class", "k", "Depth", "Width", "Parameters a member",
        "Parameters", "Fill", "FLOPs/image", "Layers",
    )  # fmt: skip
    return ShownTable(CAPTION, headers, tuple(map(_design_specs, rows)), 3)


def _design_specs(row: dict[str, Any]) -> tuple[str, ...]:
    budget = (f"{row['budget_depth']}x{row['budget_width']}", f"{row['budget_parameters']:,}")
    if row["problem"] is not None:
        return (*budget, row["design_class"], f"{row['k']}", *[ABSENT] * 7)
    return (
        *budget,
        row["design_class"],
        f"{row['k']}",
        f"{row['depth']}",
        f"{row['width']}",
        f"{row['member_parameters']:,}",
        f"{row['parameters']:,}",
        percent(row["budget_fill"]),
        quantity(row["flops_per_image"]),
        f"{row['layers']}",
    )


def _shown_paper(rows: Sequence[PaperRow]) -> ShownTable:
    headers = (
        "Budget", "Parameters |S|",
        "weq printed", "solved", "fill printed", "fill solved", "",
        "deq printed", "solved", "fill printed", "fill solved", "",
    )  # fmt: skip
    specs = []
    for budget, pair in groupby(rows, lambda row: (row.budget_depth, row.budget_width)):
        weq, deq = pair
        single = (f"{budget[0]}x{budget[1]}", f"{weq.budget_parameters:,}")
        specs.append((*single, *_paper_specs(weq), *_paper_specs(deq)))
    return ShownTable(PAPER_CAPTION, headers, tuple(specs), 2)


def _paper_specs(row: PaperRow) -> tuple[str, ...]:
    solved = ABSENT if row.solved is None else f"{row.solved}"
    fills = percent(row.printed_fill, 1), percent(row.solved_fill, 1)
    return f"{row.printed}", solved, *fills, "!" if row.overspends else ""


if __name__ == "__main__":
    sys.exit(main())
