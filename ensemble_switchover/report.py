"""From a folder of records to its tables, figures and page.

`python -m ensemble_switchover.report results/demo --out report/`
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.conditions import describe_conditions, list_conditions
from ensemble_switchover.analysis.display import (
    show_runs,
    show_summary,
    show_times_to_accuracy,
)
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.table import summarise_runs, tabulate_runs
from ensemble_switchover.errors import EnsembleSwitchoverError, RecordError
from ensemble_switchover.explorer.page import Page, Picture, Problem, Section, render_page
from ensemble_switchover.figures.error_curve import draw_error_curve
from ensemble_switchover.figures.heat_map import draw_heat_map
from ensemble_switchover.figures.style import encode_figure
from ensemble_switchover.figures.verdict_map import draw_verdict_map
from ensemble_switchover.layout import RECORD_FILE
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.state import failure_of
from ensemble_switchover.results.store import read_records
from ensemble_switchover.terminal import complain, count, make_console, print_table, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from rich.console import Console

    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.finding import Finding


def report(folder: Path, out: Path, console: Console | None = None) -> Path:
    """Report on the records below a folder.

    Writes into `out`: `index.html`, `runs.csv`, `summary.csv`, `summary.json`, and for each
    comparison `heat_map`, `verdicts` and `test_error` (or `validation_error`, where that was
    measured) as PNG and SVG.

    Args:
        folder: A study's folder, or one that holds several studies.
        out: The folder to write into; made where it does not exist.
        console: Where to print the table and the sentences; nothing is printed without.

    Returns:
        The path of the page.

    Raises:
        RecordError: if the folder is absent, holds no finished run, or holds runs that cannot be
            told apart.
    """
    found = read_records(folder)
    failed = _find_failures(folder)
    unreadable = [_problem(folder, entry.path, entry.reason) for entry in found.unreadable]
    if not found.records:
        raise RecordError(_nothing_to_report(folder, len(failed), len(found.unreadable)))
    comparisons = group_comparisons(found.records)
    findings = [derive_finding(comparison) for comparison in comparisons]
    if console is not None:
        _print(console, findings, failed, unreadable)
    out.mkdir(parents=True, exist_ok=True)
    runs = tabulate_runs(found.records)
    runs.write_csv(out / "runs.csv")
    summarise_runs(runs).write_csv(out / "summary.csv")
    _write(out / "summary.json", _summarise(findings, failed, unreadable).encode())
    sections = tuple(
        _write_section(finding, suffix, out)
        for finding, suffix in zip(findings, _suffixes(comparisons), strict=True)
    )
    studies = ", ".join(sorted({record.study for record in found.records}))
    page = Page(
        headline=_headline(findings),
        kicker=f"Study {studies}: {count(len(found.records), 'run')}, {len(failed)} failed, "
        f"{len(unreadable)} unreadable",
        sections=sections,
        failed=tuple(failed),
        unreadable=tuple(unreadable),
    )
    path = out / "index.html"
    _write(path, render_page(page).encode())
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the page's path is the last line it prints."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.report",
        description="Turn a folder of records into tables, figures and a page.",
    )
    parser.add_argument("folder", type=Path, help="the study's folder, such as results/demo")
    parser.add_argument(
        "--out", type=Path, help="the folder to write into (default: <folder>/report)"
    )
    given = parser.parse_args(arguments)
    try:
        page = report(given.folder, given.out or given.folder / "report", make_console())
    except EnsembleSwitchoverError as error:
        complain(str(error))
        return 2
    except OSError as error:
        complain(f"cannot write the report: {error}")
        return 2
    print(page)
    return 0


def _find_failures(folder: Path) -> list[Problem]:
    return [_problem(folder, run, failure_of(run)) for run in find_runs(folder).failed]


def _problem(folder: Path, path: Path, reason: str) -> Problem:
    """Name a file by its path below the folder, once."""
    return Problem(str(path.relative_to(folder)), reason.removeprefix(f"{path}: "))


def _nothing_to_report(folder: Path, num_failed: int, num_unreadable: int) -> str:
    text = f"{folder}: no finished run to report on"
    if num_failed or num_unreadable:
        text += f" ({num_failed} failed, {num_unreadable} unreadable)"
    return f"{text}; expected <run>/{RECORD_FILE} below it"


def _suffixes(comparisons: Sequence[Comparison]) -> list[str]:
    if len(comparisons) == 1:
        return [""]
    suffixes: list[str] = []
    for comparison in comparisons:
        stem = re.sub(r"[^a-z0-9]+", "_", comparison.label.lower()).strip("_")[:60]
        suffix, number = f"_{stem}", 2
        while suffix in suffixes:
            suffix, number = f"_{stem}_{number}", number + 1
        suffixes.append(suffix)
    return suffixes


def _headline(findings: Sequence[Finding]) -> str:
    if len(findings) == 1:
        return f"{findings[0].comparison.label}: {findings[0].headline}"
    return f"{len(findings)} comparisons of single networks and ensembles"


def _print(
    console: Console,
    findings: Sequence[Finding],
    failed: Sequence[Problem],
    unreadable: Sequence[Problem],
) -> None:
    for finding in findings:
        label = finding.comparison.label
        print_table(console, show_summary(finding.summary, finding.measure, brief=True), label)
        holes = [
            f"No {hole.design_class} at {hole.budget.parameters:,} parameters: {hole.reason}"
            for hole in finding.holes
        ]
        for line in (*finding.notes, *holes, *finding.sentences):
            console.print(Text(printable(line)), soft_wrap=True)
    for kind, problems in (("Failed", failed), ("Unreadable", unreadable)):
        for problem in problems:
            line = f"{kind}: {problem.name}: {problem.reason}"
            console.print(Text(printable(line)), soft_wrap=True)


def _write_section(finding: Finding, suffix: str, out: Path) -> Section:
    comparison, measure = finding.comparison, finding.measure
    conditions = describe_conditions(comparison.records)
    heat_map = draw_heat_map(
        finding.grid, finding.thresholds, finding.holes, measure, comparison.label, conditions
    )
    error_curve = draw_error_curve(finding.grid, measure, comparison.label, conditions)
    said = " ".join(finding.sentences)
    grid = f"{count(len(finding.grid.budgets), 'budget')} by {len(finding.grid.epochs)} epochs"
    drawn = [
        (
            "heat_map",
            heat_map,
            f"Heat map of {grid}: which class has the lowest {measure}. {said}",
        ),
        (
            measure.replace(" ", "_"),
            error_curve,
            f"{measure.capitalize()} after epoch {finding.grid.epochs[-1]} against the parameter "
            "budget by design class, and the ensembles' budget fill; the numbers are in the table "
            "below.",
        ),
    ]
    if finding.thresholds:
        verdicts = draw_verdict_map(
            finding.grid, finding.thresholds, measure, comparison.label, conditions
        )
        text = f"Maps of {grid}: each ensemble class against the single network. {said}"
        drawn.insert(1, ("verdicts", verdicts, text))
    return Section(
        anchor=f"comparison{suffix.replace('_', '-')}",
        title=comparison.label,
        headline=finding.headline,
        sentences=finding.sentences,
        pictures=tuple(
            Picture(_write_figure(figure, out, f"{name}{suffix}"), text)
            for name, figure, text in drawn
        ),
        designs=show_summary(finding.summary, measure),
        times=show_times_to_accuracy(finding.summary, measure),
        runs=show_runs(finding.runs, measure),
        notes=finding.notes,
        holes=tuple(
            Problem(
                f"{hole.design_class} at {hole.budget.parameters:,} parameters, {hole.kind.value}",
                hole.reason,
            )
            for hole in finding.holes
        ),
        conditions=tuple(list_conditions(comparison.records)),
    )


def _write_figure(figure: Figure, out: Path, name: str) -> bytes:
    svg = encode_figure(figure, "svg")
    _write(out / f"{name}.svg", svg)
    _write(out / f"{name}.png", encode_figure(figure, "png"))
    return svg


def _summarise(
    findings: Sequence[Finding], failed: Sequence[Problem], unreadable: Sequence[Problem]
) -> str:
    summary = {
        "comparisons": [finding.summary_values() for finding in findings],
        "failed": [asdict(problem) for problem in failed],
        "unreadable": [asdict(problem) for problem in unreadable],
    }
    return json.dumps(summary, indent=1) + "\n"


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
