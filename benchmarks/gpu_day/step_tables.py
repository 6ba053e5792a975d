"""The tables of step times: a row a case, and all sides of every case."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.common import ratio_text
from benchmarks.execution import REFERENCE, SINGLE
from benchmarks.gpu_day.cases import CLASSES, NETWORKS, PRECISIONS, TRAINING_IMAGES, Case, K
from benchmarks.gpu_day.figures import MEASURED, reason_of
from benchmarks.gpu_day.floors import Network, step_floor_seconds
from benchmarks.gpu_day.notes import Notes, new_table
from benchmarks.gpu_day.step_times import EAGER, INFERENCE, TRAINING, compiled_labels
from ensemble_switchover.config.execution_plan import SEQUENTIAL, WITHIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

Lines = dict[str, dict[str, Any]]
GRAPHED = "graphed"
LEFT_OUT = "{} rows without a measurement: the reasons are below, and in tables.txt"
GOALS = {
    TRAINING: "goals: x eager 4 (ResNet), 1.8 (DenseNet), 1.3 (WRN); x strongest 1.5 (ResNet), "
    "never below 1; / single 2.0, 2.2, 1.4; / floor 1.5",
    INFERENCE: "goals: / single 2.1 (ResNet), 2.2 (DenseNet), 1.3 (WRN)",
}


@dataclass(frozen=True, slots=True)
class TimedSide:
    """One side of a case."""

    label: str
    milliseconds: float
    """Median of a step of all members, or of a prediction."""
    speed: float
    """How many times as fast as the reference of the same rounds: median."""
    speed_text: str
    """Its median and quartiles."""
    item: str
    """The measurement that it is of."""


def timed_sides(lines: Lines, case: Case, what: str) -> dict[str, TimedSide]:
    """Return all sides that were measured of a case, by label."""
    sides: dict[str, TimedSide] = {}
    prefix = case.item(what, "")
    for name, line in lines.items():
        if not name.startswith(prefix) or line.get("status") != MEASURED:
            continue
        values = line["values"]
        reference = values["seconds"][REFERENCE]
        for label, seconds in values["seconds"].items():
            if label in sides and not name.endswith(f", {EAGER}"):
                continue  # the reference of a compiled side is that of the first item
            sides[label] = TimedSide(
                label=label,
                milliseconds=1000 * median(seconds) / values.get("steps", 1),
                speed=median(one / two for one, two in zip(reference, seconds, strict=True)),
                speed_text=ratio_text(reference, seconds) if len(seconds) > 1 else "",
                item=name,
            )
    return sides


def fastest_of(sides: Mapping[str, TimedSide], start: str) -> TimedSide | None:
    """Return the fastest side whose label begins with a text; None where none was measured."""
    found = [side for label, side in sides.items() if label.startswith(start)]
    return max(found, key=lambda side: side.speed) if found else None


def fastest_ensemble(sides: Mapping[str, TimedSide]) -> TimedSide | None:
    """Return the fastest side of the ensemble; None where none was measured."""
    of_ensemble = {label: one for label, one in sides.items() if not label.startswith(SINGLE)}
    return fastest_of(of_ensemble, "")


def summary_table(
    lines: Lines, what: str, device_name: str, *, tiny: bool, whole: bool
) -> tuple[Table, Notes]:
    """Make the table with a row a case; an empty cell has the number of its reason.

    Unless it is the whole table, cases without any measurement are left out and counted.
    """
    notes, left_out = Notes(), 0
    columns = ["case", "design", "sequential, ms", "strongest sequential", "fastest", "x eager"]
    columns += ["x strongest", "/ single"] + (["/ floor"] if what == TRAINING else [])
    table = new_table(f"{what}: all {K} members", *columns)
    for network in NETWORKS[tiny]:
        for design_class in CLASSES:
            for precision in PRECISIONS:
                case = Case(network, design_class, precision)
                if whole or timed_sides(lines, case, what):
                    table.add_row(*_summary_row(lines, case, what, device_name, notes))
                else:
                    left_out += 1
    if left_out:
        notes.add(LEFT_OUT.format(left_out))
    notes.add(GOALS[what])
    if GRAPHED not in WITHIN:
        notes.add(f"{GRAPHED}: the package has no such execution ({', '.join(WITHIN)})")
    return table, notes


def _summary_row(lines: Lines, case: Case, what: str, device_name: str, notes: Notes) -> list[str]:
    name = f"{case.network} {case.design_class} {case.precision}"
    eager = lines.get(case.item(what, EAGER))
    sides = timed_sides(lines, case, what)
    if REFERENCE not in sides:
        empty = notes.empty(reason_of(eager))
        return [name, *[empty] * (8 if what == TRAINING else 7)]
    values = lines[sides[REFERENCE].item]["values"]
    strongest, best = fastest_of(sides, SEQUENTIAL), fastest_ensemble(sides)
    single = fastest_of(sides, SINGLE)
    assert strongest is not None
    assert best is not None
    row = [
        name,
        f"{values['k']} x {values['depth']}x{values['width']}, {values['budget_fill']:.0%}",
        f"{sides[REFERENCE].milliseconds:.3g}",
        f"{strongest.speed:.2f} {strongest.label.removeprefix(SEQUENTIAL).lstrip(', ') or EAGER}"
        + _mark_if_not_compiled(lines, case, what, SEQUENTIAL, notes),
        best.label,
        f"{best.speed:.2f}",
        f"{best.speed / strongest.speed:.2f}",
        notes.empty(reason_of(eager))
        if single is None
        else f"{single.speed / best.speed:.2f}"
        + _mark_if_not_compiled(lines, case, what, SINGLE, notes),
    ]
    if what == TRAINING:
        network = Network(values["family"], values["depth"], values["width"], values["k"])
        floor = step_floor_seconds(
            network, case.precision, device_name, TRAINING_IMAGES, values["batch_size"]
        )
        if isinstance(floor, str):
            row.append(notes.empty(floor))
        else:
            row.append(f"{best.milliseconds / 1000 / floor:.2f}")
    return row


def _mark_if_not_compiled(lines: Lines, case: Case, what: str, start: str, notes: Notes) -> str:
    """Return a note's number if a compiled side that may be the faster one was not measured."""
    for label in compiled_labels():
        line = lines.get(case.item(what, label))
        if label.startswith(start) and (line is None or line.get("status") != MEASURED):
            return notes.mark(f"of those measured; {label}: {reason_of(line)}")
    return ""


def detail_table(lines: Lines, what: str, *, tiny: bool) -> tuple[Table, Notes]:
    """Make the table of all sides of every case."""
    notes = Notes()
    table = new_table(
        f"{what}: every side", "case", "side", "ms", "x sequential (quartiles)", "peak MiB",
        "waits a step", "first step, s",
    )  # fmt: skip
    for network in NETWORKS[tiny]:
        for design_class in CLASSES:
            for precision in PRECISIONS:
                case = Case(network, design_class, precision)
                for side in timed_sides(lines, case, what).values():
                    values = lines[side.item]["values"]
                    peak = values.get("peak_bytes", {}).get(side.label)
                    waits = values.get("waits_per_step", {}).get(side.label)
                    table.add_row(
                        f"{network} {design_class} {case.precision}",
                        side.label,
                        f"{side.milliseconds:.4g}",
                        side.speed_text,
                        notes.empty("only of training steps")
                        if peak is None
                        else f"{peak / 2**20:.0f}",
                        notes.empty("only of training steps in one process on CUDA")
                        if waits is None
                        else f"{waits}",
                        f"{values['first_step_seconds'][side.label]:.1f}",
                    )
                _add_left_out(lines, case, what, notes)
    return table, notes


def _add_left_out(lines: Lines, case: Case, what: str, notes: Notes) -> None:
    for item, line in lines.items():
        if item.startswith(case.item(what, "")):
            if line.get("status") != MEASURED:
                notes.add(f"{item}: {reason_of(line)}")
                continue
            for label, reason in line["values"]["left_out"].items():
                notes.add(f"{item}: {label}: {reason}")
