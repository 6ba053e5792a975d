"""The tables of runs: what records say of costs, and the errors of the study."""

from __future__ import annotations

from collections import defaultdict
from statistics import mean
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_day.cost_records import DESIGNS, ROWS, RUNS_FOLDER, cost_item
from benchmarks.gpu_day.figures import MEASURED, reason_of
from benchmarks.gpu_day.fractal_study import BUDGETS, DIFFICULTIES, STUDY, study_item
from benchmarks.gpu_day.notes import Notes, new_table
from benchmarks.gpu_day.step_tables import LEFT_OUT, Lines
from ensemble_switchover.config.execution_plan import SEQUENTIAL, WITHIN
from ensemble_switchover.results.store import read_records

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table


def costs_table(lines: Lines, *, tiny: bool, whole: bool) -> tuple[Table, Notes]:
    """Make the table of what the records say of costs.

    Unless it is the whole table, runs without a measurement are left out and counted.
    """
    notes, left_out, disturbed = Notes(), 0, dict[str, list[str]]()
    table = new_table(
        "records of cost: an epoch of few steps; / single: to the single network",
        "run", "design", "steps", "epoch, s", "/ single", "peak MiB", "ms/image", "/ single",
        "cascade",
    )  # fmt: skip
    for letter, family, network in ROWS[tiny]:
        single = lines.get(cost_item(letter, family, network, "single", SEQUENTIAL), {})
        reference = single.get("values")
        for execution in (SEQUENTIAL, *WITHIN[1:]):
            for design in DESIGNS if execution == SEQUENTIAL else DESIGNS[1:]:
                line = lines.get(cost_item(letter, family, network, design, execution))
                run = f"{letter} {family} {network} {design}, {execution}"
                if line is None or line.get("status") != MEASURED:
                    left_out += 1
                    if whole:
                        table.add_row(run, *[notes.empty(reason_of(line))] * 8)
                else:
                    why = reason_of(single or None)
                    disturbed[run] = line["values"]["disturbances"]
                    table.add_row(run, *_cost_cells(line["values"], reference, why, notes))
    if any(disturbed.values()):
        first = next(text for texts in disturbed.values() for text in texts)
        number = sum(map(bool, disturbed.values()))
        notes.add(f"{number} of {len(disturbed)} runs were disturbed, as by: {first}")
    if left_out and not whole:
        notes.add(LEFT_OUT.format(left_out))
    return table, notes


def _cost_cells(
    values: dict[str, Any], single: dict[str, Any] | None, why_none: str, notes: Notes
) -> list[str]:
    own, theirs = _latency(values, "run"), _latency(values, "single")
    if values["k"] == 1:
        theirs = own
    peak, cascade = values["peak_device_bytes"], values["cascade"]
    no_single = f"the single network: {why_none}"
    seconds = values["epoch_seconds"]
    return [
        f"{values['k']} x {values['depth']}x{values['width']}",
        f"{values['steps']}",
        f"{seconds:.3g}",
        f"{seconds / single['epoch_seconds']:.2f}" if single else notes.empty(no_single),
        f"{peak / 2**20:.0f}" if peak else notes.empty("the device does not report its memory"),
        f"{own:.3g}" if own else notes.empty("no latency was measured"),
        f"{own / theirs:.2f}" if own and theirs else notes.empty("no latency was measured"),
        f"{cascade[-1]['ms_per_image']:.3g}" if cascade else notes.empty("no cascade was timed"),
    ]


def _latency(values: dict[str, Any], model: str) -> float | None:
    """Return milliseconds per image of the `run` or its `single` network, timed in turn with it.

    They are those of the largest batch size, in the fastest execution.
    """
    own = [one for one in values["latencies"] if one["model"] == model]
    largest = max((one["batch_size"] for one in own), default=None)
    timed = [one["ms_per_image"] for one in own if one["batch_size"] == largest]
    return min(timed, default=None)


def study_table(lines: Lines, folder: Path, *, tiny: bool) -> tuple[Table, Notes]:
    """Make the table of mean errors of the finished runs, with the number of their seeds."""
    notes = Notes()
    errors: dict[tuple[float, str, str], list[float]] = defaultdict(list)
    study = folder / RUNS_FOLDER / STUDY
    for record in read_records(study).records if study.is_dir() else ():
        key = float(record.dataset.options.get("difficulty", -1))
        budget = f"{record.budget.depth}x{record.budget.width}"
        errors[key, budget, record.design.design_class].append(record.error_percent)
    table = new_table(
        "study of fractals: mean test error in % (seeds)", "difficulty", "budget", *DESIGNS
    )
    for difficulty in DIFFICULTIES[tiny]:
        line = lines.get(study_item(difficulty))
        is_whole = line is not None and line.get("status") == MEASURED
        why = "no design of this class, or not asked for" if is_whole else reason_of(line)
        for budget in BUDGETS[tiny]:
            found = [errors.get((float(difficulty), budget, design)) for design in DESIGNS]
            shown = (f"{mean(one):.2f} ({len(one)})" if one else notes.empty(why) for one in found)
            table.add_row(difficulty, budget, *shown)
    return table, notes
