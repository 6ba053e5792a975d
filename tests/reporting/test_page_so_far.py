"""The page of a part of a study."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ensemble_switchover.reporting.page import Problem, render_page
from ensemble_switchover.reporting.page_so_far import describe_so_far, make_page_so_far
from ensemble_switchover.reporting.planned_runs import PlannedRun, PlannedRuns
from ensemble_switchover.reporting.reported_runs import ReportedRuns
from tests.factories import make_study, planted_error

RECORDS = {Path(record.name): record for record in make_study(planted_error)}
FAILED = (Problem("failed", "not finite"),)
NOW = datetime(2026, 11, 28, 19, 52, tzinfo=UTC)
FOLDER = Path("results/demo")


def planned(*names: str, all_are_trained: bool = True) -> PlannedRuns:
    return PlannedRuns(tuple(PlannedRun(n, "cell", "single") for n in names), all_are_trained)


def part(number: int) -> ReportedRuns:
    return ReportedRuns(dict(list(RECORDS.items())[:number]), (), ())


def sentence(runs: ReportedRuns, plan: PlannedRuns) -> str:
    return describe_so_far(runs, plan, NOW, ended=False, folder=FOLDER).sentence


def test_it_says_how_much_there_is() -> None:
    names = [record.name for record in RECORDS.values()]
    told = f"3 of {len(names)} runs; written 2026-11-28 19:52; rewritten as runs finish."
    assert sentence(part(3), planned(*names)) == told

    failed = replace(part(3), failed=FAILED)
    assert sentence(failed, planned(*names)).startswith(
        f"3 of {len(names)} runs; 1 failed; written"
    )
    assert sentence(part(3), planned(*names[1:])).startswith(
        f"2 of {len(names) - 1} runs, and 1 other run; written"
    )
    chosen = planned(*names, all_are_trained=False)
    assert sentence(part(3), chosen).startswith("3 runs; written")


def test_a_browser_loads_it_again_until_the_sweep_has_ended() -> None:
    runs, plan = part(6), planned(*(record.name for record in RECORDS.values()))
    page = make_page_so_far(runs)

    def text(*, ended: bool) -> str:
        told = describe_so_far(runs, plan, NOW, ended=ended, folder=FOLDER)
        return render_page(replace(page, so_far=told))

    assert '<meta http-equiv="refresh" content="20">' in text(ended=False)
    assert "<h1>So far: resnet on digits" in text(ended=False)
    ended = text(ended=True)
    assert "refresh" not in ended
    assert "So far" not in ended
    assert "are shown; the sweep ended 2026-11-28 19:52. The whole report:" in ended
    assert "<code>python -m ensemble_switchover.report results/demo</code>" in ended


def test_it_refers_to_no_other_file_and_holds_figures_and_tables() -> None:
    page = make_page_so_far(part(len(RECORDS)))
    (section,) = page.sections

    assert [picture.files for picture in section.pictures] == [None, None]
    assert all(picture.svg.startswith(b"<?xml") for picture in section.pictures)
    assert section.pictures[0].caption.startswith("As in Figures 3, A")
    assert section.designs.rows
    assert page.switchovers.rows
    assert section.holes == ()  # what is missing may only not have been trained yet
    text = render_page(page)
    assert "figures/" not in text
    assert "Statements of the paper" not in text


def test_it_has_the_order_of_the_report_and_the_sweep_makes_the_answer_surer() -> None:
    runs, plan = part(len(RECORDS)), planned(*(record.name for record in RECORDS.values()))
    told = describe_so_far(runs, plan, NOW, ended=False, folder=FOLDER)
    page = replace(make_page_so_far(runs), so_far=told)
    text = render_page(page)

    order = [
        "What to build",
        "How sure",
        "The runs that the sweep still trains.",
        "<img ",
        "Designs<",
    ]
    order += ["Where ensembles switch over", ">Conditions<", "Data check", "How to read this"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert ">Costs<" not in text
    assert "python -m" not in text
    ended = replace(page, so_far=describe_so_far(runs, plan, NOW, ended=True, folder=FOLDER))
    assert "The runs that the sweep still trains." not in render_page(ended)


def test_any_part_of_a_study_makes_a_page() -> None:
    for number in (1, 4, 7, 20):
        assert render_page(make_page_so_far(part(number)))
