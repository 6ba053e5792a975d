"""The tables of convolutions: the times of every path of every layer, and which wins how often."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.gpu_day.conv_paths import PATHS, fastest
from benchmarks.gpu_day.figures import MEASURED, reason_of
from benchmarks.gpu_day.notes import Notes, new_table

if TYPE_CHECKING:
    from rich.table import Table

    from benchmarks.gpu_day.step_tables import Lines


def convolutions_table(lines: Lines) -> tuple[Table, Notes]:
    """Make the table of the times of every path of every layer, in microseconds."""
    notes = Notes()
    table = new_table(
        "k convolutions, forward and backward: microseconds, the least starred",
        "layer of a member", *PATHS,
    )  # fmt: skip
    for name, line in lines.items():
        if not name.startswith("convolutions: "):
            continue
        short = name.removeprefix("convolutions: ")
        if line.get("status") != MEASURED:
            notes.add(f"{short}: {reason_of(line)}")
            continue
        values = line["values"]
        if not values["graphs"]:
            notes.add("launched one by one: there are CUDA graphs only on a CUDA device")
        for label, shape in values["shapes"].items():
            best = fastest(shape["seconds"])
            row = [f"{short.split()[0]} {short.rsplit(', ', 1)[1]} {label}"]
            for path in PATHS:
                if path in shape["seconds"]:
                    one = 1e6 * median(shape["seconds"][path]) / values["repeats"]
                    row.append(f"{one:.3g}{'*' if path == best else ''}")
                else:
                    row.append(notes.empty(shape["left_out"].get(path, "not timed")))
            table.add_row(*row)
    if not table.row_count and not notes.lines():
        notes.add(f"convolutions: {reason_of(None)}")
    return table, notes


def paths_table(lines: Lines) -> tuple[Table, Notes]:
    """Make the table of how often a path of a network's convolutions is the fastest."""
    notes = Notes()
    table = new_table(
        "paths of k convolutions: microseconds of one of every layer (of how many the fastest)",
        "members", "layers", *PATHS,
    )  # fmt: skip
    for name, line in lines.items():
        if not name.startswith("convolutions: "):
            continue
        if line.get("status") != MEASURED:
            notes.add(f"{name}: {reason_of(line)}")
            continue
        shapes, repeats = line["values"]["shapes"].values(), line["values"]["repeats"]
        best = [fastest(shape["seconds"]) for shape in shapes]
        row = [name.removeprefix("convolutions: "), f"{len(shapes)}"]
        for path in PATHS:
            timed = [shape["seconds"].get(path) for shape in shapes]
            if all(timed):
                total = sum(1e6 * median(own) / repeats for own in timed)
                row.append(f"{total:.4g} ({best.count(path)})")
            else:
                why = [one["left_out"][path] for one in shapes if path in one["left_out"]]
                row.append(notes.empty(why[0] if why else "not timed"))
        table.add_row(*row)
    if not table.row_count and not notes.lines():
        notes.add(f"convolutions: {reason_of(None)}")
    return table, notes
