"""Every figure of a comparison, with its numbers, and what it leaves out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.condition_group import name_first_few, split_conditions
from ensemble_switchover.analysis.switchover import grid_series
from ensemble_switchover.analysis.switchover.across_comparisons import (
    switchovers_by_data,
    switchovers_by_k,
)
from ensemble_switchover.analysis.table import DEVICE_MEMORY
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.budget_fill import draw_budget_fill
from ensemble_switchover.reporting.figures.calibration import draw_calibration
from ensemble_switchover.reporting.figures.epoch_time import draw_epoch_time
from ensemble_switchover.reporting.figures.error_curve import draw_error_curve
from ensemble_switchover.reporting.figures.heat_map import draw_heat_map
from ensemble_switchover.reporting.figures.inference_time import draw_inference_time
from ensemble_switchover.reporting.figures.layer_time import draw_layer_time
from ensemble_switchover.reporting.figures.member_error import draw_member_error
from ensemble_switchover.reporting.figures.memory import draw_memory
from ensemble_switchover.reporting.figures.switchover_by_data import draw_switchover_by_data
from ensemble_switchover.reporting.figures.switchover_by_k import draw_switchover_by_k
from ensemble_switchover.reporting.figures.time_to_accuracy import draw_time_to_accuracy
from ensemble_switchover.reporting.figures.trade_off import (
    INFERENCE_TIME,
    MEMORY,
    TRAINING_TIME,
    draw_trade_off,
)
from ensemble_switchover.reporting.figures.verdict_map import draw_verdict_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.condition_group import ConditionGroup
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.figures.trade_off import CostAxis


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure, the numbers in it, and what it shows in words."""

    name: str
    """Of its files: letters, digits and underscores."""
    figure: Figure = field(repr=False)
    numbers: pl.DataFrame = field(repr=False)
    caption: str


def draw_errors(finding: Finding) -> Iterator[Drawn]:
    """Draw what depends on errors and parameters alone; runs of all conditions are in it."""
    grid, thresholds, measure = finding.grid, finding.thresholds, finding.measure
    label, conditions = finding.comparison.label, finding.conditions
    texts = FigureTexts(label, conditions)
    size = f"{count(len(grid.budgets), 'budget')} by {count(len(grid.epochs), 'epoch')}"
    said = " ".join(finding.sentences)
    yield Drawn(
        "figure_2_heat_map",
        draw_heat_map(grid, thresholds, finding.holes, measure, label, conditions),
        grid_series.cell_series(grid),
        f"As Figures 2, 4 and B: which class has the lowest {measure}, {size}. {said}",
    )
    if thresholds:
        yield Drawn(
            "verdicts",
            draw_verdict_map(grid, thresholds, measure, label, conditions),
            grid_series.verdict_series(grid, thresholds),
            f"Each ensemble class against the single network, {size}. {said}",
        )
    yield Drawn(
        f"figure_3_{measure.replace(' ', '_')}",
        draw_error_curve(grid, measure, label, conditions),
        grid_series.error_series(grid),
        f"As Figures 3, A, I, J and L: {measure} after epoch {grid.epochs[-1]} against the "
        "parameter budget by design class, and the ensembles' budget fill.",
    )
    fills = series.fill_series(finding.runs)
    yield Drawn(
        "budget_fill",
        draw_budget_fill(fills, texts),
        fills,
        "The share of its budget that each design spends.",
    )
    members = series.member_error_series(finding.runs)
    if thresholds:
        yield Drawn(
            "figure_c_member_error",
            draw_member_error(members, measure, texts),
            members,
            f"As Figure C: {measure} of the ensembles, and the mean of their members'.",
        )
    calibration = series.calibration_series(finding.runs)
    yield Drawn(
        "calibration",
        draw_calibration(calibration, texts),
        calibration,
        "Expected calibration error and negative log-likelihood after the last epoch.",
    )


def draw_costs(finding: Finding) -> Iterator[Drawn]:
    """Draw times and memory, a set of figures for each condition that compares design classes."""
    for number, group in enumerate(_compared(finding), start=1):
        suffix = "" if number == 1 else f"_condition_{number}"
        texts = FigureTexts(finding.comparison.label, f"{finding.seeds_and_rule}, {group.label}")
        for drawn in (
            *_draw_training(group.runs, finding.measure, texts),
            *_draw_inference(group.runs, finding.measure, texts),
            *_draw_memory(group.runs, finding.measure, texts),
        ):
            caption = f"{drawn.caption} Under: {group.label}."
            yield Drawn(f"{drawn.name}{suffix}", drawn.figure, drawn.numbers, caption)


def draw_trends(switchovers: pl.DataFrame) -> Iterator[Drawn]:
    """Draw the switchover against k and against the data, where there are several.

    Args:
        switchovers: What `tabulate_switchovers` returns.
    """
    for number, rows in enumerate(switchovers_by_k(switchovers), start=1):
        first = rows.row(0, named=True)
        texts = FigureTexts(first["setting"], _conditions(rows))
        name = "switchover_by_k" if number == 1 else f"switchover_by_k_{number}"
        caption = f"The switchover against the number of members: {first['setting']}."
        yield Drawn(name, draw_switchover_by_k(rows, texts), rows, caption)
    for number, rows in enumerate(switchovers_by_data(switchovers), start=1):
        first = rows.row(0, named=True)
        title = f"{first['family']}, k = {first['k']}"
        name = "switchover_by_data" if number == 1 else f"switchover_by_data_{number}"
        caption = f"The switchover against how complex the data are: {title}."
        yield Drawn(
            name,
            draw_switchover_by_data(rows, FigureTexts(title, _conditions(rows))),
            rows,
            caption,
        )


def list_left_out(finding: Finding) -> list[str]:
    """Name the runs that are in no figure of time, inference or memory, and why."""
    notes = []
    for group in split_conditions(finding.runs):
        if not group.compares and finding.thresholds:
            notes.append(
                f"In no figure of time or memory, since one design class alone was run under "
                f"{group.label}: {name_first_few(group.runs['name'].to_list())}."
            )
            continue
        for column, what in (("latency_batch_size", "inference"), ("memory_kind", "memory")):
            usual, odd = _usual(group.runs, column)
            if odd:
                (value,) = set(usual[column])
                notes.append(
                    f"In no figure of {what}, since they were not measured with "
                    f"{column.replace('_', ' ')} {value} as the others: {name_first_few(odd)}."
                )
    return notes


def _draw_training(runs: pl.DataFrame, measure: str, texts: FigureTexts) -> Iterator[Drawn]:
    accuracy = series.accuracy_time_series(runs)
    if not accuracy.is_empty():
        yield Drawn(
            "figure_5_time_to_accuracy",
            draw_time_to_accuracy(accuracy, measure, texts),
            accuracy,
            "As Figures 5, D and K: training time until a design is as good as its single network.",
        )
    epochs = series.epoch_time_series(runs)
    if not epochs.is_empty():
        yield Drawn(
            "figure_6_epoch_time",
            draw_epoch_time(epochs, texts),
            epochs,
            "As Figures 6 and F: training time per epoch.",
        )
    layers = series.layer_time_series(runs)
    if not layers.is_empty():
        yield Drawn(
            "figure_e_layer_time",
            draw_layer_time(layers, texts),
            layers,
            "As Figure E: time of a training pass per layer, and the number of layers.",
        )
    costs = series.training_time_series(runs)
    yield _draw_trade_off("training time", costs, TRAINING_TIME, runs, measure, texts)


def _draw_inference(runs: pl.DataFrame, measure: str, texts: FigureTexts) -> Iterator[Drawn]:
    measured, _ = _usual(runs, "latency_batch_size")
    if measured.is_empty():
        return
    latencies = series.latency_series(measured)
    yield Drawn(
        "figure_7_inference_time",
        draw_inference_time(latencies, texts),
        latencies,
        "As Figures 7 and G: inference time per image.",
    )
    yield _draw_trade_off("inference time", latencies, INFERENCE_TIME, measured, measure, texts)


def _draw_memory(runs: pl.DataFrame, measure: str, texts: FigureTexts) -> Iterator[Drawn]:
    measured, _ = _usual(runs, "memory_kind")
    if measured.is_empty():
        return
    memory = series.memory_series(measured)
    yield Drawn(
        "figure_8_memory",
        draw_memory(memory, texts),
        memory,
        "As Figures 8 and H: peak memory of training.",
    )
    if measured["memory_kind"][0] != DEVICE_MEMORY:
        return  # the memory of a whole process is no cost of a design
    yield _draw_trade_off("memory", memory, MEMORY, measured, measure, texts)


def _draw_trade_off(
    what: str,
    costs: pl.DataFrame,
    cost: CostAxis,
    runs: pl.DataFrame,
    measure: str,
    texts: FigureTexts,
) -> Drawn:
    """Draw the error against a cost, which `what` names."""
    numbers = series.trade_off_series(costs, cost.column, runs)
    return Drawn(
        f"error_against_{what.replace(' ', '_')}",
        draw_trade_off(numbers, cost, measure, texts),
        numbers,
        f"{measure.capitalize()} against {what}, with the Pareto front over all designs.",
    )


def _compared(finding: Finding) -> list[ConditionGroup]:
    groups = split_conditions(finding.runs)
    return [group for group in groups if group.compares or not finding.thresholds]


def _usual(runs: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the runs that have the most common value, and the names of those with another."""
    values = runs[column].drop_nulls().to_list()
    if not values:
        return runs.clear(), []
    usual = Counter(values).most_common(1)[0][0]
    odd = runs.filter(pl.col(column) != usual)
    return runs.filter(pl.col(column) == usual), odd["name"].to_list()


def _conditions(rows: pl.DataFrame) -> str:
    kinds = rows.select("confidence", "intervals").iter_rows()
    levels = {f"{100 * confidence:g} % {intervals}" for confidence, intervals in kinds}
    return "\n".join([*sorted(levels), *rows["conditions"].unique(maintain_order=True)])
