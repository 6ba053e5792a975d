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

from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.across_comparisons import tabulate_switchovers
from ensemble_switchover.analysis.switchover.pool_grid import pool_reader
from ensemble_switchover.analysis.table import summarise_runs, tabulate_runs
from ensemble_switchover.config.command_line import run_command
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.terminal import count, make_console, print_table, printable
from ensemble_switchover.reporting.answer_tables import (
    show_claims,
    show_switchovers,
    tabulate_claims,
)
from ensemble_switchover.reporting.figures.gallery import draw_trends
from ensemble_switchover.reporting.page import Page, Problem, render_page
from ensemble_switchover.reporting.section import FIGURES, TABLES, write_figures, write_table
from ensemble_switchover.reporting.tables import show_summary
from ensemble_switchover.reporting.writers import SectionWriters
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.state import failure_of
from ensemble_switchover.results.store import read_folders

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from ensemble_switchover.analysis.claims import Claim
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.finding import Finding

_MOST_TABLES = 12
"""Of more comparisons, the terminal is told the switchovers alone."""


def report(
    folder: Path, out: Path, console: Console | None = None, *, by_pools: bool = False
) -> Path:
    """Report on the records below a folder.

    Writes into `out`: the page `index.html`; the numbers `summary.json`, `runs.csv`, `summary.csv`
    (designs), `switchovers.csv` and `claims.csv`; in `figures/` every figure as SVG and PNG with
    its numbers as CSV; in `tables/` the tables as Markdown and LaTeX. docs/report.md lists them.

    Args:
        folder: A study's folder, or one that holds several studies.
        out: The folder to write into; made where it does not exist.
        console: Where to print the table and the sentences; nothing is printed without.
        by_pools: Judge by pools of members where predictions were kept, in place of seeds.

    Returns:
        The path of the page.

    Raises:
        RecordError: if the folder is absent, holds no finished run, or holds runs that cannot be
            told apart; with `by_pools`, if predictions are damaged, or none were kept.
    """
    found = find_runs(folder)
    by_folder, unread = read_folders(found.recorded)
    records = list(by_folder.values())
    folders = {(record.study, record.name): place for place, record in by_folder.items()}
    failed = [_problem(folder, run, failure_of(run)) for run in found.failed]
    unreadable = [_problem(folder, entry.path, entry.reason) for entry in unread]
    if not records:
        raise RecordError(_nothing_to_report(folder, len(failed), len(unreadable)))
    comparisons = group_comparisons(records)
    findings: list[Finding] = []
    derived: Iterable[Finding] = (
        derive_finding(comparison, pool_reader(comparison, folders) if by_pools else None)
        for comparison in comparisons
    )
    if by_pools:
        derived = _require_pools(folder, list(derived))
    for name in (FIGURES, TABLES):
        (out / name).mkdir(parents=True, exist_ok=True)
    with SectionWriters(len(comparisons), out) as writers:
        for finding, suffix in zip(derived, _suffixes(comparisons), strict=True):
            writers.begin(finding, suffix)
            findings.append(finding)
        runs = tabulate_runs(records)
        runs.write_csv(out / "runs.csv")
        summarise_runs(runs).write_csv(out / "summary.csv")
        switchovers = tabulate_switchovers(findings)
        switchovers.write_csv(out / "switchovers.csv")
        claims = check_claims(findings)
        tabulate_claims(claims).write_csv(out / "claims.csv")
        shown_switchovers, shown_claims = show_switchovers(findings), show_claims(claims)
        write_table(shown_switchovers, out, "switchovers")
        write_table(shown_claims, out, "claims")
        summary = _summarise(findings, claims, failed, unreadable)
        (out / "summary.json").write_text(summary, "utf-8")
        studies = ", ".join(sorted({record.study for record in records}))
        page = Page(
            headline=_headline(findings),
            kicker=f"Study {studies}: {count(len(records), 'run')}, {len(failed)} failed, "
            f"{len(unreadable)} unreadable",
            switchovers=shown_switchovers,
            claims=shown_claims,
            trends=tuple(write_figures(draw_trends(switchovers), "", out)),
            sections=writers.collect(),
            failed=tuple(failed),
            unreadable=tuple(unreadable),
        )
    path = out / "index.html"
    path.write_text(render_page(page), "utf-8")
    if console is not None:
        _print(console, findings, failed, unreadable)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the page's path is the last line it prints."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.report",
        description="Write the report on a study: tables, figures and a page, from its records.",
    )
    parser.add_argument("folder", type=Path, help="the study's folder, such as results/demo")
    parser.add_argument("--out", type=Path, help="folder to write into; default: <folder>/report")
    parser.add_argument(
        "--interval",
        choices=("t", "pool"),
        default="t",
        help="interval that decides a cell: the t interval over paired seeds (default), or the one "
        "over pools of members where predictions were kept",
    )
    given = parser.parse_args(arguments)
    return run_command(lambda: _report(given))


def _report(given: argparse.Namespace) -> int:
    out = given.out or given.folder / "report"
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: is a file; expected a folder")
    try:
        page = report(given.folder, out, make_console(), by_pools=given.interval == "pool")
    except OSError as error:
        raise OSError(f"cannot write the report: {error}") from error
    print(page)
    return 0


def _require_pools(folder: Path, findings: list[Finding]) -> list[Finding]:
    """Refuse findings none of which was judged by a pool."""
    if any(t.num_pool_cells for finding in findings for t in finding.thresholds.values()):
        return findings
    raise RecordError(
        f"{folder}: --interval pool: no budget has predictions of at least two single networks "
        "and of more members than an ensemble has; expected runs with record.predictions"
    )


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
    if len(findings) > _MOST_TABLES:
        title = f"{len(findings)} comparisons, each with its designs on the page"
        print_table(console, show_switchovers(findings), title)
    else:
        _print_designs(console, findings)
    for kind, problems in (("Failed", failed), ("Unreadable", unreadable)):
        for problem in problems:
            line = f"{kind}: {problem.name}: {problem.reason}"
            console.print(Text(printable(line)), soft_wrap=True)


def _print_designs(console: Console, findings: Sequence[Finding]) -> None:
    for finding in findings:
        label = finding.comparison.label
        print_table(console, show_summary(finding.summary, finding.measure, brief=True), label)
        holes = [
            f"No {hole.design_class} at {hole.budget.parameters:,} parameters: {hole.reason}"
            for hole in finding.holes
        ]
        for line in (*finding.notes, *holes, *finding.sentences, *finding.sensitivity):
            console.print(Text(printable(line)), soft_wrap=True)


def _summarise(
    findings: Sequence[Finding],
    claims: Sequence[Claim],
    failed: Sequence[Problem],
    unreadable: Sequence[Problem],
) -> str:
    summary = {
        "comparisons": [finding.summary_values() for finding in findings],
        "claims": [{**asdict(claim), "answer": claim.answer.value} for claim in claims],
        "failed": [asdict(problem) for problem in failed],
        "unreadable": [asdict(problem) for problem in unreadable],
    }
    return json.dumps(summary, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
