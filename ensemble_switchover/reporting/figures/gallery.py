"""All figures of a report with their numbers and captions, and the runs that they leave out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from importlib import import_module
from operator import attrgetter
from pkgutil import iter_modules
from typing import TYPE_CHECKING, TypeVar

from ensemble_switchover.analysis.condition_group import name_first_few, split_conditions
from ensemble_switchover.analysis.decision_rule import describe_interval_scope
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.reporting import figures
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.declaration import (
    FigureDeclaration,
    TrendDeclaration,
    keep_most_common,
)
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS, capitalised

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.condition_group import ConditionGroup
    from ensemble_switchover.analysis.finding import Finding


Declaration = TypeVar("Declaration", FigureDeclaration, TrendDeclaration)


def _collect(kind: type[Declaration]) -> list[Declaration]:
    """Collect the declarations in the files of this folder, in the order of their positions."""
    files = iter_modules(figures.__path__, f"{figures.__name__}.")
    values = [value for file in files for value in vars(import_module(file.name)).values()]
    return sorted(
        (value for value in values if isinstance(value, kind)), key=attrgetter("position")
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn figure with its numbers and its caption."""

    name: str
    """Name of its files: letters, digits and underscores."""
    figure: Figure = field(repr=False)
    numbers: pl.DataFrame = field(repr=False)
    caption: str


FIGURE_DECLARATIONS = _collect(FigureDeclaration)
FIRST_DECLARATIONS = sorted(
    (declared for declared in FIGURE_DECLARATIONS if declared.first_position is not None),
    key=attrgetter("first_position"),
)
TREND_DECLARATIONS = _collect(TrendDeclaration)


def draw_first(finding: Finding) -> Iterator[Drawn]:
    """Draw the first figures of a page, which it also has while a sweep still trains the runs."""
    texts = FigureTexts(finding.comparison.label, finding.conditions)
    for declaration in FIRST_DECLARATIONS:
        yield from _draw(declaration, finding, texts)


def draw_others(finding: Finding) -> Iterator[Drawn]:
    """Draw the other figures of errors and parameters, which use the runs of all conditions."""
    texts = FigureTexts(finding.comparison.label, finding.conditions)
    for declaration in FIGURE_DECLARATIONS:
        is_other = not (declaration.by_condition or declaration.of_early_exit)
        if is_other and declaration.first_position is None:
            yield from _draw(declaration, finding, texts)


def draw_of_early_exit(finding: Finding) -> Iterator[Drawn]:
    """Draw the figures of ensembles with early exit whose costs are exact."""
    texts = FigureTexts(finding.comparison.label, finding.conditions)
    for declaration in FIGURE_DECLARATIONS:
        if declaration.of_early_exit:
            yield from _draw(declaration, finding, texts)


def draw_costs(finding: Finding) -> Iterator[Drawn]:
    """Draw the figures of times and memory for each condition with at least two design classes."""
    for number, group in enumerate(_drawn_groups(finding), start=1):
        suffix = "" if number == 1 else f"_condition_{number}"
        texts = FigureTexts(finding.comparison.label, f"{finding.seeds_and_rule}, {group.label}")
        for declaration in FIGURE_DECLARATIONS:
            if declaration.by_condition:
                for drawn in _draw(declaration, replace(finding, runs=group.runs), texts):
                    caption = f"{drawn.caption} Condition: {group.label}."
                    yield replace(drawn, name=f"{drawn.name}{suffix}", caption=caption)


def say_costs(finding: Finding) -> list[str]:
    """Say what figures of costs would show no more of than a sentence does."""
    groups = _drawn_groups(finding)
    told = []
    for group in groups:
        for declaration in FIGURE_DECLARATIONS:
            if declaration.by_condition and declaration.in_words is not None:
                numbers = declaration.numbers(replace(finding, runs=group.runs))
                sentence = None if numbers.is_empty() else _say_instead(declaration, numbers)
                if sentence is not None:
                    where = f" Condition: {group.label}." if len(groups) > 1 else ""
                    told.append(f"{sentence}{where}")
    return told


def draw_trends(switchovers: pl.DataFrame) -> Iterator[Drawn]:
    """Draw the figures of the switchover across comparisons, if there are several.

    Args:
        switchovers: A frame from `tabulate_switchovers`.
    """
    for trend in TREND_DECLARATIONS:
        for number, rows in enumerate(trend.frames(switchovers), start=1):
            first = rows.row(0, named=True)
            title = trend.title.format_map(first) + QUALITY_METRICS[first["metric"]].by_name
            name = trend.name if number == 1 else f"{trend.name}_{number}"
            figure = trend.draw(rows, FigureTexts(title, _conditions(rows)))
            scope = describe_interval_scope({rows["evaluated_on"][0]})
            caption = trend.caption.format(title=title, interval_scope=scope)
            yield Drawn(name, figure, rows, caption)


def list_left_out(finding: Finding) -> list[str]:
    """Name the runs that no figure of time, inference or memory includes, with the reason."""
    notes = []
    for group in split_conditions(finding.runs):
        if not group.compares and finding.thresholds:
            notes.append(
                "No figure of time or memory includes the following runs, because only one design "
                f"class was run under their condition ({group.label}): "
                f"{name_first_few(group.runs['name'].to_list())}."
            )
            continue
        for column, what in (("latency_batch_size", "inference"), ("memory_kind", "memory")):
            for usual in keep_most_common(group.runs, column)[column].unique():
                odd = group.runs.filter(group.runs[column] != usual)["name"].to_list()
                if odd:
                    notes.append(
                        f"No figure of {what} includes the following runs, because they were not "
                        f"measured with {column.replace('_', ' ')} {usual} like the others: "
                        f"{name_first_few(odd)}."
                    )
    return notes


def _drawn_groups(finding: Finding) -> list[ConditionGroup]:
    """Return the runs under each condition under which there is something to compare."""
    groups = split_conditions(finding.runs)
    return [group for group in groups if group.compares or not finding.thresholds]


def _say_instead(declaration: FigureDeclaration, numbers: pl.DataFrame) -> str | None:
    return None if declaration.in_words is None else declaration.in_words(numbers)


def _draw(declaration: FigureDeclaration, finding: Finding, texts: FigureTexts) -> Iterator[Drawn]:
    """Draw a figure, or nothing if it has no numbers."""
    numbers = declaration.numbers(finding)
    if numbers.is_empty() or _say_instead(declaration, numbers) is not None:
        return
    grid, measure, compared = finding.grid, finding.measure, finding.compared
    metric = finding.rule.quality
    caption = declaration.caption.format(
        measure=measure,
        Measure=measure.capitalize(),
        compared=compared,
        Compared=capitalised(compared),
        best=metric.best_end,
        by=metric.by_name,
        grid_size=f"{count(len(grid.budgets), 'budget')} by {count(len(grid.epochs), 'epoch')}",
        last_epoch=grid.epochs[-1],
        interval_scope=finding.interval_scope,
    )
    if declaration.paper is not None:
        caption = f"As in {declaration.paper} of the paper: {caption}"
    name = declaration.name.format(compared=re.sub(r"[^a-z0-9]+", "_", compared.lower()))
    yield Drawn(name, declaration.draw(numbers, finding, texts), numbers, caption)


def _conditions(rows: pl.DataFrame) -> str:
    kinds = rows.select("confidence", "intervals").iter_rows()
    levels = {f"{100 * confidence:g} % {intervals}" for confidence, intervals in kinds}
    return "\n".join([*sorted(levels), *rows["conditions"].unique(maintain_order=True)])
