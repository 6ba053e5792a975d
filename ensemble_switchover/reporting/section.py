"""The section on one comparison: its figure and table files, and its part of the page."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.machine.files import write_file
from ensemble_switchover.reporting.answer_tables import show_sensitivity
from ensemble_switchover.reporting.early_exit_table import say_early_exit, show_early_exit
from ensemble_switchover.reporting.figures.dark_mode import follow_scheme
from ensemble_switchover.reporting.figures.gallery import (
    draw_costs,
    draw_first,
    draw_of_early_exit,
    draw_others,
    list_left_out,
    say_costs,
)
from ensemble_switchover.reporting.figures.style import encode_figure
from ensemble_switchover.reporting.markup import write_latex, write_markdown
from ensemble_switchover.reporting.page import BeyondError, EarlyExit, Picture, Problem, Section
from ensemble_switchover.reporting.quality_table import say_more_members, show_quality
from ensemble_switchover.reporting.summary_tables import (
    compared_metric,
    show_runs_of_comparison,
    show_summary,
    show_times_to_accuracy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.machine.terminal import ShownTable
    from ensemble_switchover.reporting.figures.gallery import Drawn

FIGURES = "figures"
TABLES = "tables"


def write_section(finding: Finding, suffix: str, out: Path) -> Section:
    """Write the figures and tables of a comparison, and return its part of the page.

    Args:
        finding: The comparison with everything derived from it.
        suffix: Suffix of the names of its files; empty for a single comparison.
        out: The folder of the report.
    """
    section = make_section(
        finding,
        suffix,
        tuple(write_figures(draw_first(finding), suffix, out)),
        costs=tuple(write_figures(draw_costs(finding), suffix, out)),
        more=tuple(write_figures(draw_others(finding), suffix, out)),
    )
    early_exit = show_early_exit(finding)
    if early_exit is not None:
        pictures = tuple(write_figures(draw_of_early_exit(finding), suffix, out))
        part = EarlyExit(say_early_exit(finding), pictures, early_exit)
        section = replace(section, early_exit=part)
        write_table(early_exit, out, f"early_exit{suffix}")
    quality = show_quality(finding)
    if quality is not None:
        beyond = BeyondError(say_more_members(finding), quality)
        section = replace(section, beyond_error=beyond)
        write_table(quality, out, f"quality{suffix}")
    write_table(section.designs, out, f"designs{suffix}")
    write_table(section.times, out, f"times_to_accuracy{suffix}")
    if section.sensitivity is not None:
        write_table(section.sensitivity, out, f"sensitivity{suffix}")
    return section


def make_section(
    finding: Finding,
    suffix: str,
    pictures: tuple[Picture, ...],
    costs: tuple[Picture, ...] = (),
    more: tuple[Picture, ...] = (),
) -> Section:
    """Make the part of the page on a comparison from its pictures, without writing files."""
    return Section(
        anchor=f"comparison{suffix.replace('_', '-')}",
        title=finding.comparison.label,
        headline=finding.headline,
        sentences=finding.sentences,
        pictures=pictures,
        designs=show_summary(
            finding.summary,
            finding.measure,
            compared=compared_metric(finding.grid, finding.compared),
        ),
        costs=costs,
        costs_in_words=tuple(say_costs(finding)) if costs else (),
        times=show_times_to_accuracy(finding.summary, finding.measure),
        more=more,
        sensitivity=show_sensitivity(finding) if finding.thresholds else None,
        runs=show_runs_of_comparison(finding.runs, finding.measure),
        notes=(*finding.notes, *list_left_out(finding)),
        holes=tuple(
            Problem(
                f"{hole.design_class} at {hole.budget.parameters:,} parameters, {hole.kind.value}",
                hole.reason,
            )
            for hole in finding.holes
        ),
        conditions=finding.listed_conditions,
    )


def name_suffixes(comparisons: Sequence[Comparison]) -> list[str]:
    """Return the suffix of the names of each comparison's files; empty for a single comparison."""
    if len(comparisons) == 1:
        return [""]
    suffixes: list[str] = []
    for comparison in comparisons:
        stem = re.sub(r"[^a-z0-9]+", "_", comparison.label.lower()).strip("_")[:100]
        suffix, number = f"_{stem}", 2
        while suffix in suffixes:
            suffix, number = f"_{stem}_{number}", number + 1
        suffixes.append(suffix)
    return suffixes


def write_figures(drawings: Iterable[Drawn], suffix: str, out: Path) -> list[Picture]:
    """Write each figure as SVG and PNG, and its numbers as CSV."""
    pictures = []
    for drawn in drawings:
        name = f"{drawn.name}{suffix}"
        folder = out / FIGURES
        svg = encode_figure(drawn.figure, "svg")
        write_file(folder / f"{name}.svg", svg)
        write_file(folder / f"{name}.png", encode_figure(drawn.figure, "png"))
        write_file(folder / f"{name}.csv", drawn.numbers.write_csv().encode())
        pictures.append(Picture(follow_scheme(svg), drawn.caption, f"{FIGURES}/{name}"))
    return pictures


def write_table(table: ShownTable, out: Path, name: str) -> None:
    """Write a table as Markdown and as LaTeX."""
    write_file(out / TABLES / f"{name}.md", write_markdown(table).encode())
    write_file(out / TABLES / f"{name}.tex", write_latex(table).encode())
