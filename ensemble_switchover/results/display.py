"""Runs, epochs and seconds as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.machine.terminal import (
    ABSENT,
    ShownTable,
    count,
    duration,
    percent,
    quantity,
)
from ensemble_switchover.results.state import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TABLE_ROWS = 500
"""Rows that a terminal is given; all of them are in the other formats."""
_PARTS = {
    "training": "Training", "evaluation": "Eval.", "keeping": "Keeping",
    "measuring": "Measuring", "timing": "Timing", "choosing": "Choosing", "data": "Data",
    "rest": "Rest", "waiting": "Waiting",
}  # fmt: skip
"""Part -> header of its column."""
_SIZE_HEADERS = {"train_size": "Images", "image_size": "Pixels"}
_KEY_HEADERS = {"family": "Family", "dataset": "Data set", **_SIZE_HEADERS}
"""Columns that are shown where they differ; images are those trained on, pixels those a side."""
_DECIMAL_LIMITS = (99.95, 9.995)
"""Seconds below these are shown with one decimal, and with two."""


def show_runs(runs: pl.DataFrame) -> ShownTable:
    """Lay out a table of runs."""
    several = runs["study"].n_unique() > 1
    kinds = set(runs["times_of"].drop_nulls())
    tells_recipes = runs["recipe"].drop_nulls().n_unique() > 1
    sizes = _differing_sizes(runs)
    headers = (
        "State", *(["Study"] if several else []), "Family", "Data set", "Design", "k", "Budget",
        "Parameters", *(_SIZE_HEADERS[size] for size in sizes),
        *(["Recipe"] if tells_recipes else []), "Seed", "Epochs", "Error %", "Training",
        *(["Times of"] if len(kinds) > 1 else []), "Started",
    )  # fmt: skip
    rows = [
        (
            row["state"],
            *([row["study"]] if several else []),
            row["family"] or ABSENT,
            row["dataset"] or row["name"],
            row["design_class"] or ABSENT,
            _text(row["k"]),
            ABSENT
            if row["budget_depth"] is None
            else f"{row['budget_depth']}x{row['budget_width']}",
            quantity(row["parameters"]),
            *(_text(row[size], ",") for size in sizes),
            *([row["recipe"] or ABSENT] if tells_recipes else []),
            _text(row["seed"]),
            _text(row["epochs"]),
            _text(row["error_percent"], ".2f"),
            ABSENT if row["training_seconds"] is None else duration(row["training_seconds"]),
            *([row["times_of"] or ABSENT] if len(kinds) > 1 else []),
            (row["started_at"] or ABSENT)[:16].replace("T", " "),
        )
        for row in runs.head(MAX_TABLE_ROWS).iter_rows(named=True)
    ]
    caption = "Error: of the test images, or of those in evaluated_on, after the last epoch. UTC."
    if "timing pass" in kinds:
        caption += " Training of runs with a timing pass: its median epoch times the epochs."
    shown = _caption(caption, runs)
    return ShownTable(shown, headers, tuple(rows), 4 + several, secondary=("Family", "Started"))


def show_epochs(epochs: pl.DataFrame) -> ShownTable:
    """Lay out a table of epochs."""
    headers = ("Run", "Epoch", "Loss", "Error %", "NLL", "ECE", "Training s")
    rows = [
        (
            row["name"],
            str(row["epoch"]),
            _text(row["train_loss_nats"], ".3f"),
            _text(row["error_percent"], ".2f"),
            _text(row["nll_nats"], ".3f"),
            _text(row["ece"], ".3f"),
            _text(row["training_seconds"], ".2f"),
        )
        for row in epochs.head(MAX_TABLE_ROWS).iter_rows(named=True)
    ]
    caption = "Every column: --format csv."
    if (epochs["ece_bins"] == "apart").any():
        caption += (
            " ECE may be too high in older records (column ece_bins; --check says by how much)."
        )
    return ShownTable(_caption(caption, epochs), headers, tuple(rows), 1)


def show_seconds(rows: pl.DataFrame) -> ShownTable:
    """Lay out a table of seconds for a terminal: per run of each design, and of all runs."""
    names = [key for key in ("family", "dataset") if rows[key].n_unique() > 1]
    keys = [*names, *_differing_sizes(rows)]
    parts = [f"{part}_seconds" for part in _PARTS]
    table = rows.with_columns(pl.sum_horizontal(parts).alias("all_seconds"))
    figures = [*parts, "all_seconds"]
    cells = [
        (
            *(row[key] for key in names),
            *(_text(row[key], ",") for key in keys[len(names) :]),
            row["design_class"],
            str(row["k"]),
            str(row["runs"]),
            *(_seconds(row[figure] / row["runs"]) for figure in figures),
        )
        for row in table.iter_rows(named=True)
    ]
    sums = {figure: float(table[figure].sum()) for figure in figures}
    if sums["all_seconds"]:
        blank = ("",) * len(keys)
        count_of_all = str(table["runs"].sum())
        shares = [percent(sums[figure] / sums["all_seconds"]) for figure in figures]
        cells += [
            (*blank, "all", "", count_of_all, *(_seconds(sums[figure]) for figure in figures)),
            (*blank, "", "", "", *shares),
        ]
    headers = (*(_KEY_HEADERS[key] for key in keys), "Design", "k", "Runs", *_PARTS.values(), "All")
    return ShownTable(
        _caption_of_seconds(rows),
        headers,
        tuple(cells),
        len(keys) + 1,
        ("Choosing", "Timing", "Data"),
    )


def state_lines(runs: pl.DataFrame) -> list[str]:
    """Tell of every run that is not finished, or is flagged, and count the states."""
    others = runs.filter(runs["state"] != RunState.FINISHED.value)
    lines = [f"{state}: {folder}: {note}" for state, folder, note in _rows(others)]
    flagged = runs.filter(runs["flags"].fill_null("") != "")
    lines += [f"flagged: {run}: {text}" for run, text in flagged.select("folder", "flags").rows()]
    states = runs["state"].to_list()
    counts = ", ".join(
        f"{states.count(state.value)} {state.value}" for state in RunState if state.value in states
    )
    return [*lines, f"{count(len(runs), 'run')}{': ' if counts else ''}{counts}"]


def _differing_sizes(runs: pl.DataFrame) -> list[str]:
    """Return which sizes differ among runs of one data set: of the training, or of its images."""
    return [
        size
        for size in _SIZE_HEADERS
        if runs.drop_nulls(size).select("dataset", size).n_unique()
        > runs.drop_nulls(size)["dataset"].n_unique()
    ]


def _rows(runs: pl.DataFrame) -> Sequence[tuple[Any, ...]]:
    return runs.select("state", "folder", "note").rows()


def _caption(caption: str, rows: pl.DataFrame) -> str:
    left = len(rows) - MAX_TABLE_ROWS
    if left <= 0:
        return caption
    return (
        f"{count(left, 'row')} more: --where selects, --export and --format csv have all. {caption}"
    )


def _text(value: float | None, form: str = "") -> str:
    return ABSENT if value is None else format(value, form)


def _caption_of_seconds(rows: pl.DataFrame) -> str:
    caption = (
        "Seconds per run; below them of all runs, and their share. Keeping: log, checkpoints and "
        "predictions. Timing: the timing pass. Waiting: before the run, since its process started "
        "or ended the run before."
    )
    estimated = int(rows["runs_estimated"].sum())
    if not estimated:
        return caption
    verb = "tells" if estimated == 1 else "tell"
    return (
        f"{caption} What else took time is in the rest where a record has no parts: "
        f"{count(estimated, 'older record')} {verb} training and evaluation alone."
    )


def _seconds(seconds: float) -> str:
    decimals = sum(seconds < limit for limit in _DECIMAL_LIMITS)
    return f"{seconds:.{decimals}f}"
