"""The page of a study while a sweep trains its runs: the main figures and the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import ShownTable, count
from ensemble_switchover.reporting.answer_tables import show_switchovers
from ensemble_switchover.reporting.figures.dark_mode import follow_scheme
from ensemble_switchover.reporting.figures.gallery import draw_first
from ensemble_switchover.reporting.figures.style import encode_figure
from ensemble_switchover.reporting.headline import list_terms, write_headline
from ensemble_switchover.reporting.images_of_runs import list_images_of_runs
from ensemble_switchover.reporting.page import Page, Picture, SoFar
from ensemble_switchover.reporting.section import make_section, name_suffixes
from ensemble_switchover.reporting.what_to_build import answer_what_to_build

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.page import Section
    from ensemble_switchover.reporting.planned_runs import PlannedRuns
    from ensemble_switchover.reporting.reported_runs import ReportedRuns

RELOAD_SECONDS = 20
"""How often a browser loads the page again while it is rewritten."""

_NOTHING = ShownTable("", (), (), 0)


def make_page_so_far(runs: ReportedRuns) -> Page:
    """Make the page of the runs that are finished.

    It holds everything it shows and refers to no other file, so it is consistent at any time. What
    takes long, and what says little of a part of a study, is left to the report: the figures of
    times and memory, other rules, the statements of the paper, missing designs, and which runs to
    add.

    """
    comparisons = group_comparisons(list(runs.records.values()))
    findings = [derive_finding(comparison) for comparison in comparisons]
    records = list(runs.records.values())
    answers = answer_what_to_build(records, DEFAULT_RULE, runs.folders)
    studies = ", ".join(sorted({record.study for record in records}))
    return Page(
        headline=write_headline(answers, findings),
        kicker=f"Study {studies}",
        terms=list_terms(findings),
        answers=tuple(answers),
        switchovers=show_switchovers(findings),
        collapsed=_NOTHING,
        claims=None,
        claims_not_asked=None,
        early_exits=None,
        next_runs=None,
        trends=(),
        sections=tuple(map(_make_section, findings, name_suffixes(comparisons))),
        data=tuple(list_images_of_runs(records)),
        failed=runs.failed,
        unreadable=runs.unreadable,
    )


def _make_section(finding: Finding, suffix: str) -> Section:
    pictures = tuple(
        Picture(follow_scheme(encode_figure(drawn.figure, "svg")), drawn.caption, None)
        for drawn in draw_first(finding)
    )
    # a design without runs may only not have been trained yet
    section = make_section(finding, suffix, pictures)
    return replace(section, sensitivity=None, notes=finding.notes, holes=())


def describe_so_far(
    runs: ReportedRuns, planned: PlannedRuns, written_at: datetime, *, ended: bool, folder: Path
) -> SoFar:
    """Say how much of a study there is.

    Args:
        runs: The finished and failed runs.
        planned: The runs of the sweep.
        written_at: The time, by the clock of this machine.
        ended: Whether the sweep has ended.
        folder: The folder of the study.
    """
    names = {record.name for record in runs.records.values()}
    num_finished = len(names & planned.names)
    amount = count(num_finished, "run")
    if planned.all_are_trained:
        amount = f"{num_finished:,} of {count(len(planned.runs), 'run')}"
    if names - planned.names:
        amount += f", and {count(len(names - planned.names), 'other run')}"
    if runs.failed:
        amount += f"; {len(runs.failed):,} failed"
    when = f"{written_at:%Y-%m-%d %H:%M}"
    if ended:
        return SoFar(
            f"{amount} are shown; the sweep ended {when}. The whole report:",
            f"python -m ensemble_switchover.report {shell_path(folder)}",
            None,
        )
    return SoFar(f"{amount}; written {when}; rewritten as runs finish.", None, RELOAD_SECONDS)
