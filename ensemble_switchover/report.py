"""Turn a folder of records into tables, figures and a page.

`python -m ensemble_switchover.report results/demo --out report/`
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from rich.text import Text

from ensemble_switchover.analysis.claims import check_claims, count_answers
from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.collapse_counts import count_collapsed, describe_collapses
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.purchase_commands import PurchaseCommands
from ensemble_switchover.analysis.purchase_wording import describe_purchase, describe_standing
from ensemble_switchover.analysis.rule_options import add_rule_options, rule_of
from ensemble_switchover.analysis.run_quality import with_qualities
from ensemble_switchover.analysis.study_purchases import plan_purchases
from ensemble_switchover.analysis.switchover.across_comparisons import tabulate_switchovers
from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
from ensemble_switchover.analysis.switchover.pool_grid import PoolReader
from ensemble_switchover.config.command_line import parse_arguments, path_argument, run_command
from ensemble_switchover.config.store_names import REPORT_FOLDER, REPORT_PAGE
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.terminal import count, make_console, print_table, printable
from ensemble_switchover.reporting.answer_tables import (
    show_claims,
    show_claims_not_asked,
    show_collapsed,
    show_switchovers,
    tabulate_claims,
)
from ensemble_switchover.reporting.early_exit_overview import show_early_exits
from ensemble_switchover.reporting.figures.gallery import draw_trends
from ensemble_switchover.reporting.headline import list_terms, write_headline
from ensemble_switchover.reporting.images_of_runs import list_images_of_runs
from ensemble_switchover.reporting.page import NextRuns, Page, Problem, render_page
from ensemble_switchover.reporting.reported_runs import read_reported_runs
from ensemble_switchover.reporting.section import name_suffixes, write_figures, write_table
from ensemble_switchover.reporting.summary_tables import compared_metric, show_summary
from ensemble_switchover.reporting.what_to_build import answer_what_to_build
from ensemble_switchover.reporting.writers import SectionWriters
from ensemble_switchover.results.metric_losses import describe_lacking, require_metric
from ensemble_switchover.results.output_path import require_output_folder
from ensemble_switchover.results.quality_metrics import ERROR_METRIC

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from rich.console import Console

    from ensemble_switchover.analysis.advice.limits import Limits
    from ensemble_switchover.analysis.claims import Claim
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.collapse_counts import CollapseCount
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.page import Picture, Section
    from ensemble_switchover.reporting.reported_runs import ReportedRuns
    from ensemble_switchover.reporting.what_to_build import WhatToBuild
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record

_CLAIMS_OF_ERROR = (
    "The paper's statements are about the error, by which they are checked here, too."
)
_MAX_TABLES = 12
"""With more comparisons than this, the terminal shows only the table of switchovers."""


def report(
    folder: Path,
    out: Path,
    console: Console | None = None,
    *,
    rule: DecisionRule = DEFAULT_RULE,
    by_pools: bool = False,
    limits: Limits | None = None,
) -> Path:
    """Report on the records below a folder.

    Writes into `out`: the page `index.html`; the numbers `summary.json`, `runs.csv`, `summary.csv`
    (one row per design), `switchovers.csv` and `claims.csv`; in `figures/` every figure as SVG and
    PNG with its numbers as CSV; in `tables/` the tables as Markdown and LaTeX. docs/report.md
    describes them.

    Args:
        folder: The folder of one study or several.
        out: The folder to write into; it is created if it does not exist.
        console: Where to print the tables and sentences; None prints nothing.
        rule: How designs are compared, and by which metric; runs without it are left out. The
            paper's statements are about the error whatever it is.
        by_pools: Decide cells by pools of members instead of seeds where predictions were kept.
        limits: On what the design that is to be built may cost; None for none.

    Returns:
        The path of the page.

    Raises:
        RecordError: if the folder is absent, holds no finished run, or holds two designs of one
            class at one budget; if no run has the metric; with `by_pools`, if no readable
            predictions were kept.
        ConfigError: if cells are to be decided by pools of members and by a metric that they do not
            have.
    """
    metric = rule.quality
    if by_pools:
        _require_error(metric)
    study = read_reported_runs(folder)
    study = replace(study, records=with_qualities(study.records))
    all_records = list(study.records.values())
    records, lacking = require_metric(folder, all_records, metric)
    comparisons = group_comparisons(records)
    derived = _derive_findings(comparisons, rule, study.folders, by_pools=by_pools)
    if by_pools:
        derived = _require_pools(folder, list(derived))
    findings: list[Finding] = []
    with SectionWriters(len(comparisons), out) as writers:
        for finding, suffix in zip(derived, name_suffixes(comparisons), strict=True):
            writers.begin(finding, suffix)
            findings.append(finding)
        claims = check_claims(_find_errors(findings, all_records, rule, study.folders))
        switchovers = tabulate_switchovers(findings)
        collapsed = find_collapsed(records)
        counts = count_collapsed(records, collapsed, rule.confidence)
        counts_every_seed = not by_pools and rule.method != "paired_t"
        next_runs = _next_runs(study, findings, rule) if counts_every_seed else None
        reader = None if by_pools else ImageErrorReader(study.folders)
        answers = answer_what_to_build(records, rule, study.folders, reader, limits)
        runs = tabulate_runs(records, frozenset() if rule.keep_collapsed else collapsed)
        _write_numbers(study, findings, runs, switchovers, claims, counts, next_runs, lacking, out)
        trends = tuple(write_figures(draw_trends(switchovers), "", out))
        sections = writers.collect()
        page = _make_page(
            study, answers, findings, claims, counts, next_runs, rule, trends, sections
        )
        without = [f"{describe_lacking(lacking, metric)}."] if lacking else []
        page = replace(page, without_metric="".join(without) or None)
    for table, name in (
        (page.switchovers, "switchovers"),
        (page.collapsed, "collapsed"),
        (page.claims, "claims"),
        (page.claims_not_asked, "claims_not_asked"),
    ):
        if table is not None:
            write_table(table, out, name)
    path = out / REPORT_PAGE
    write_file(path, render_page(page).encode())
    if console is not None:
        _print(console, findings, study, without)
        if claims:
            _print_line(console, count_answers(claims))
        if counts:
            _print_line(console, f"{describe_collapses(counts, rule.confidence)}.")
        if next_runs is not None:
            _print_next_runs(console, next_runs)
        _print_answers(console, answers)
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the last line it prints is the path of the page."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.report",
        description="Write the report on a study: tables, figures and a page, from its records.",
    )
    parser.add_argument(
        "folder", type=path_argument, help="the study's folder, such as results/demo"
    )
    parser.add_argument(
        "--out", type=path_argument, help="folder to write into; default: <folder>/report"
    )
    parser.add_argument(
        "--interval",
        choices=("seeds", "pool"),
        default="seeds",
        help="interval that decides a cell: over seeds (default), or over pools of members where "
        "predictions were kept",
    )
    add_rule_options(parser)
    given = parse_arguments(parser, arguments)
    return run_command(lambda: _report(given))


def _report(given: argparse.Namespace) -> int:
    out = given.out or given.folder / REPORT_FOLDER
    require_output_folder("--out", out)
    was_there = out.exists()
    try:
        by_pools = given.interval == "pool"
        page = report(given.folder, out, make_console(), rule=rule_of(given), by_pools=by_pools)
    except OSError as error:
        if not was_there:
            shutil.rmtree(os.path.realpath(out), ignore_errors=True)
        raise OSError(f"cannot write the report: {sentence_of(error)}") from error
    print(page)
    return 0


def _derive_findings(
    comparisons: Sequence[Comparison],
    rule: DecisionRule,
    folders: Mapping[RunKey, Path],
    *,
    by_pools: bool,
) -> Iterable[Finding]:
    """Derive the findings one after another, with what the predictions beside the records tell."""

    def make_reader(comparison: Comparison, left_out: Collection[RunKey]) -> PoolReader:
        return PoolReader(comparison, folders, left_out)

    image_reader = ImageErrorReader(folders)
    for comparison in comparisons:
        reader = make_reader if by_pools else None
        yield derive_finding(comparison, rule, reader, image_reader, folders)


def _require_error(metric: QualityMetric) -> None:
    if not metric.is_error:
        raise ConfigError(
            f"--interval pool --metric {metric.name}: pools of members are of the error only; "
            "expected one of these options"
        )


def _find_errors(
    findings: list[Finding],
    records: Sequence[Record],
    rule: DecisionRule,
    folders: Mapping[RunKey, Path],
) -> list[Finding]:
    """Return the findings by the error, which the paper's statements are about."""
    if rule.quality.is_error:
        return findings
    of_error = replace(rule, metric=ERROR_METRIC.name)
    comparisons = group_comparisons(records)
    return [derive_finding(comparison, of_error, folders=folders) for comparison in comparisons]


def _require_pools(folder: Path, findings: list[Finding]) -> list[Finding]:
    """Refuse findings without a cell that pools of members decide."""
    if any(t.num_pool_cells for finding in findings for t in finding.thresholds.values()):
        return findings
    left_out = [entry for finding in findings for entry in finding.left_out_of_pools.items()]
    told = name_first_few([f"{path} ({reason})" for path, reason in dict(left_out).items()])
    raise RecordError(
        f"{folder}: --interval pool: no budget has the predictions of at least two single networks "
        "and of more members than one ensemble has; expected runs with record.predictions"
        f"{f'; left out: {told}' if told else ''}"
    )


def _next_runs(
    study: ReportedRuns, findings: Sequence[Finding], rule: DecisionRule
) -> NextRuns | None:
    """Say which further runs would settle most; None where nothing is asked."""
    planned = plan_purchases(findings, rule)
    if not planned.asked:
        return None
    failed = [problem.name.rpartition("/")[2] for problem in study.failed]
    commands = PurchaseCommands(planned.records, study.folders, failed)
    shown = [describe_purchase(planned, p, commands.write(p)) for p in planned.purchases]
    return NextRuns(len(planned.cells), tuple(describe_standing(planned)), tuple(shown))


def _write_numbers(
    study: ReportedRuns,
    findings: Sequence[Finding],
    runs: pl.DataFrame,
    switchovers: pl.DataFrame,
    claims: Sequence[Claim],
    counts: Sequence[CollapseCount],
    next_runs: NextRuns | None,
    without_metric: Sequence[Record],
    out: Path,
) -> None:
    """Write the numbers of the report as CSV and JSON."""
    tables = {
        "runs": runs,
        "summary": summarise_runs(runs),
        "switchovers": switchovers,
        "claims": tabulate_claims(claims),
    }
    for name, table in tables.items():
        write_file(out / f"{name}.csv", table.write_csv().encode())
    summary = {
        "comparisons": [finding.summary_values() for finding in findings],
        "collapsed": [asdict(entry) for entry in counts],
        "claims": [{**asdict(claim), "answer": claim.answer.value} for claim in claims],
        "next_runs": None if next_runs is None else asdict(next_runs),
        "without_metric": [record.name for record in without_metric],
        "failed": [asdict(problem) for problem in study.failed],
        "unreadable": [asdict(problem) for problem in study.unreadable],
        "flagged": [
            asdict(Problem(record.name, record.flags))
            for record in study.records.values()
            if record.flags
        ],
    }
    write_file(out / "summary.json", f"{json.dumps(summary, indent=1)}\n".encode())


def _make_page(
    study: ReportedRuns,
    answers: Sequence[WhatToBuild],
    findings: Sequence[Finding],
    claims: Sequence[Claim],
    counts: Sequence[CollapseCount],
    next_runs: NextRuns | None,
    rule: DecisionRule,
    trends: tuple[Picture, ...],
    sections: tuple[Section, ...],
) -> Page:
    studies = ", ".join(sorted({record.study for record in study.records.values()}))
    return Page(
        headline=write_headline(answers, findings),
        kicker=f"Study {studies}: {count(len(study.records), 'run')}, {len(study.failed)} failed, "
        f"{len(study.unreadable)} unreadable",
        terms=list_terms(findings),
        answers=tuple(answers),
        switchovers=show_switchovers(findings),
        collapsed=show_collapsed(counts, findings, rule),
        claims=show_claims(claims, "" if rule.quality.is_error else _CLAIMS_OF_ERROR),
        claims_not_asked=show_claims_not_asked(claims),
        early_exits=show_early_exits(findings),
        next_runs=next_runs,
        trends=trends,
        sections=sections,
        data=tuple(list_images_of_runs(study.records.values())),
        failed=study.failed,
        unreadable=study.unreadable,
    )


def _print(
    console: Console, findings: Sequence[Finding], study: ReportedRuns, without: Sequence[str]
) -> None:
    if len(findings) > _MAX_TABLES:
        title = f"{len(findings)} comparisons; the page shows the designs of each"
        print_table(console, show_switchovers(findings), title)
    else:
        for finding in findings:
            _print_designs(console, finding)
    for kind, problems in (("Failed", study.failed), ("Unreadable", study.unreadable)):
        for problem in problems:
            _print_line(console, f"{kind}: {problem.name}: {problem.reason}")
    for line in without:
        _print_line(console, line)


def _print_designs(console: Console, finding: Finding) -> None:
    compared = compared_metric(finding.grid, finding.compared)
    table = show_summary(finding.summary, finding.measure, brief=True, compared=compared)
    print_table(console, table, finding.comparison.label)
    holes = [
        f"No {hole.design_class} at {hole.budget.parameters:,} parameters: {hole.reason}"
        for hole in finding.holes
    ]
    for line in (*finding.notes, *holes, *finding.sentences, *finding.sensitivity):
        _print_line(console, line)


def _print_answers(console: Console, answers: Sequence[WhatToBuild]) -> None:
    for answer in answers:
        if len(answers) > 1:
            _print_line(console, f"On {answer.data}:")
        for sentence in (answer.build, answer.sure, answer.surer):
            if sentence is not None:
                _print_line(console, sentence)
        if answer.command is not None:
            _print_line(console, f"   {answer.command}")


def _print_next_runs(console: Console, next_runs: NextRuns) -> None:
    for line in next_runs.sentences:
        _print_line(console, line)
    if next_runs.purchases:
        _print_line(console, "Where more runs would decide:")
    for number, purchase in enumerate(next_runs.purchases, 1):
        _print_line(console, f"{number}. {purchase.text}")
        if purchase.command is not None:
            _print_line(console, f"   {purchase.command}")


def _print_line(console: Console, line: str) -> None:
    console.print(Text(printable(line)), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
