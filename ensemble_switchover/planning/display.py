"""A plan as people read it: a table of designs, and a few lines on the whole."""

from __future__ import annotations

import statistics
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensemble_switchover.planning.data_sheet import DataSheet
from ensemble_switchover.planning.forecast import Forecast, Totals, total
from ensemble_switchover.planning.workload import MANY_IMAGES
from ensemble_switchover.terminal import (
    ABSENT,
    ShownTable,
    count,
    digits,
    duration,
    percent,
    print_table,
    printable,
    quantity,
    rough_duration,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from ensemble_switchover.study import Study

MAX_TABLE_ROWS = 60
_MEBIBYTE = 2**20


def show_plan(
    console: Console,
    study: Study,
    forecasts: Sequence[Forecast],
    *,
    concurrent_jobs: int,
    memory_from: str,
) -> None:
    """Print the designs with what is predicted of them, what they come to, and how it is known."""
    groups = _by_design(forecasts)
    by_design = len(groups) <= MAX_TABLE_ROWS
    shown = _shown_designs(groups) if by_design else _shown_classes(forecasts)
    print_table(console, shown, "Designs" if by_design else "Designs, by class")
    lines = [
        *_total_lines(total(forecasts), concurrent_jobs, forecasts),
        *_machine_lines(forecasts),
        *_memory_lines(forecasts, memory_from),
        *(f"No such design: {line}" for line in study.impossible),
    ]
    if not by_design:
        lines.append("Every run: --format csv or --format json")
    for line in lines:
        console.print(Text(printable(line)), soft_wrap=True)


def _by_design(forecasts: Sequence[Forecast]) -> list[list[Forecast]]:
    """Put the runs together that differ by their seed alone."""
    groups: dict[tuple[Any, ...], list[Forecast]] = {}
    for entry in forecasts:
        cell = entry.cell
        key = (cell.family, cell.dataset.name, cell.budget, cell.design, cell.source, cell.recipe)
        groups.setdefault((*key, cell.task, cell.train_size, entry.machine.source), []).append(
            entry
        )
    return list(groups.values())


def _shown_designs(groups: Sequence[Sequence[Forecast]]) -> ShownTable:
    columns: dict[str, Callable[[Forecast], str]] = {
        "Budget": lambda entry: f"{entry.cell.budget.depth}x{entry.cell.budget.width}",
        "Family": lambda entry: entry.cell.family.name,
        "Data set": lambda entry: entry.cell.dataset.name,
        "Class": lambda entry: entry.cell.design.design_class.value,
        "k": lambda entry: f"{entry.cell.design.k}",
        "Depth": lambda entry: f"{entry.cell.design.depth}",
        "Width": lambda entry: f"{entry.cell.design.width}",
        "Parameters": lambda entry: f"{entry.cell.design.parameters:,}",
        "Fill": lambda entry: percent(entry.cell.design.budget_fill),
        "Steps": lambda entry: f"{entry.cost.steps:,}",
        "FLOP": lambda entry: quantity(entry.cost.training_flops),
        "Training": lambda entry: _seconds(entry, entry.cost.training_seconds),
        "Memory, MiB": _memory,
        "1 image, ms": lambda entry: _milliseconds(entry.cost.one_image_ms),
        f"of {MANY_IMAGES}, ms": lambda entry: _milliseconds(entry.cost.many_images_ms),
    }
    for name in ("Family", "Data set"):
        if len({columns[name](group[0]) for group in groups}) == 1:
            del columns[name]
    rows = [(*(write(group[0]) for write in columns.values()), _done(group)) for group in groups]
    caption = (
        "Of each run, all members: steps, FLOP and time of training; memory of all tensors on the "
        "device at the peak of a step; inference of an image, alone and in a batch of "
        f"{MANY_IMAGES}. Done: of all seeds."
    )
    num_text_columns = list(columns).index("Class") + 1
    return ShownTable(caption, (*columns, "Done"), tuple(rows), num_text_columns)


def _done(group: Sequence[Forecast]) -> str:
    return f"{sum(not entry.to_do for entry in group)}/{len(group)}"


def _memory(entry: Forecast) -> str:
    return f"{entry.cost.memory_bytes / _MEBIBYTE:,.0f}" + ("" if entry.fits else " !")


def _shown_classes(forecasts: Sequence[Forecast]) -> ShownTable:
    headers = (
        "Family", "Data set", "Class", "k", "Designs", "Done", "Parameters", "Fill", "Training",
        "Memory, MiB", "1 image, ms",
    )  # fmt: skip
    caption = "Of each run, all members: the smallest and the largest of each class."

    def key(entry: Forecast) -> tuple[str, str, str, int]:
        cell = entry.cell
        return (
            cell.family.name, cell.dataset.name, cell.design.design_class.value, cell.design.k,
        )  # fmt: skip

    rows = []
    for names, part in groupby(sorted(forecasts, key=key), key):
        group = list(part)
        designs = [entry.cell.design for entry in group]
        rows.append(
            (
                *(str(name) for name in names),
                f"{len(set(designs))}",
                _done(group),
                _range([design.parameters for design in designs], quantity),
                _range([design.budget_fill for design in designs], percent),
                _range([entry.cost.training_seconds for entry in group], rough_duration),
                _range([entry.cost.memory_bytes / _MEBIBYTE for entry in group], "{:,.0f}".format),
                _range([entry.cost.one_image_ms for entry in group], _milliseconds),
            )
        )
    return ShownTable(caption, headers, tuple(rows), 3)


def _total_lines(totals: Totals, concurrent_jobs: int, forecasts: Sequence[Forecast]) -> list[str]:
    done = totals.runs - totals.to_do
    lines = [
        f"{count(totals.runs, 'run')}, {done} finished before, {totals.to_do} to do: "
        f"{count(totals.steps, 'training step')}, {quantity(totals.training_flops)} FLOP"
    ]
    if totals.training_seconds is None or totals.evaluation_seconds is None or not totals.to_do:
        return lines
    least = any(isinstance(entry.machine.basis, DataSheet) for entry in forecasts)
    word = "at least" if least else "about"
    both = totals.training_seconds + totals.evaluation_seconds
    line = (
        f"To do, one run after another: {word} {duration(both)}, training "
        f"{duration(totals.training_seconds)}, evaluation {duration(totals.evaluation_seconds)}"
    )
    if concurrent_jobs != 1:
        at_a_time = concurrent_jobs if concurrent_jobs > 0 else "as many as processors"
        line += f"; the launcher runs {at_a_time} at a time"
    return [*lines, line]


def _machine_lines(forecasts: Sequence[Forecast]) -> list[str]:
    lines = [
        f"Seconds from {source}" for source in {entry.machine.source: 0 for entry in forecasts}
    ]
    errors = total(forecasts).errors
    if errors:
        runs = count(len(errors), "finished run")
        lines.append(
            f"Predicted over measured training time of {runs} on this device: "
            f"median {statistics.median(errors):.2f}, {min(errors):.2f} to {max(errors):.2f}"
        )
    else:
        lines.append("No finished run of this device and these conditions to compare with")
    return lines


def _memory_lines(forecasts: Sequence[Forecast], memory_from: str) -> list[str]:
    most = max(forecasts, key=lambda entry: entry.cost.memory_bytes)
    available = most.machine.memory_bytes
    line = f"Memory from {memory_from}; most: {_mebibytes(most.cost.memory_bytes)}, {_title(most)}"
    if available is not None:
        line += f"; {most.machine.conditions.device_name} has {_mebibytes(available)}"
    too_large = [entry for entry in forecasts if not entry.fits]
    refused = {f"Does not fit into memory: {_title(entry)}": 0 for entry in too_large}
    return [line, *refused]


def _title(entry: Forecast) -> str:
    design = entry.cell.design
    return (
        f"{design.design_class.value} k={design.k} of {entry.cell.family.name} "
        f"{design.depth}x{design.width} on {entry.cell.dataset.name}, batch size "
        f"{entry.cell.recipe.batch_size}"
    )


def _seconds(entry: Forecast, seconds: float | None) -> str:
    if seconds is None:
        return ABSENT
    least = ">" if isinstance(entry.machine.basis, DataSheet) else ""
    return least + rough_duration(seconds)


def _milliseconds(value: float | None) -> str:
    return ABSENT if value is None else digits(value, 3)


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:,.0f} MiB"


def _range(values: Sequence[Any], write: Callable[[Any], str]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ABSENT
    low, high = write(min(known)), write(max(known))
    return low if low == high else f"{low} to {high}"
