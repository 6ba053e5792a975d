"""The choice of what designs are compared by, in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.advise import main as advise_main
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.explore import write_explorer
from ensemble_switchover.report import main as report_main
from ensemble_switchover.results.quality_metrics import METRIC_NAMES
from ensemble_switchover.results.store import write_record
from tests.planted_metrics import (
    cover_more_with_deq,
    error_for_single,
    make_nll_study,
    nll_for_deq,
)
from tests.reporting.explorer.browser import choose, choose_each, open_page, table_of
from tests.reporting.undrawn import ENCODE, draw_nothing

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

WINNERS = {"error": "single", "nll": "deq, k = 4", "coverage_at_5_percent_risk": "deq, k = 4"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "demo"
    for record in make_nll_study(nll_for_deq, error_for_single):
        write_record(folder / record.name, cover_more_with_deq(record))
    return folder


@pytest.fixture(scope="module")
def page_file(study: Path) -> Path:
    return write_explorer([study])


def test_every_metric_that_the_runs_have_is_offered(browser: Browser, page_file: Path) -> None:
    with open_page(browser, page_file) as page:
        offered = page.eval_on_selector_all("#compare option", "all => all.map(o => o.value)")
        assert offered == list(METRIC_NAMES)
        choose_each(page, "compare", "rule")


@pytest.mark.parametrize("metric", WINNERS)
def test_the_advice_and_the_answers_are_those_of_the_commands(
    browser: Browser,
    page_file: Path,
    study: Path,
    metric: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ENCODE, draw_nothing)
    assert advise_main([str(study), "--metric", metric, "--format", "json"]) == 0
    advised = json.loads(capsys.readouterr().out)
    assert report_main([str(study), "--metric", metric, "--out", str(study.parent / metric)]) == 0
    capsys.readouterr()
    summary = json.loads((study.parent / metric / "summary.json").read_text("utf-8"))
    sentences = [found["sentence"] for found in summary["comparisons"][0]["thresholds"]]

    with open_page(browser, page_file) as page:
        choose(page, "compare", metric)
        assert page.inner_text("#answer") == advised["sentences"][0]
        remarks = page.eval_on_selector_all("#remarks li", "all => all.map(li => li.textContent)")
        assert remarks[:4] == advised["sentences"][1:5]
        assert (
            page.eval_on_selector_all("#answers li", "all => all.map(li => li.textContent)")
            == sentences
        )
        first = table_of(page, "advice-table")[0]
        assert first["Design"].startswith(WINNERS[metric])
        assert ("NLL" in page.inner_text("#rule-text")) == (metric == "nll")
        cell = table_of(page, "cell-table")
        (header,) = (name for name in cell[0] if name.startswith("Mean "))
        assert {"error": "test error, %", "nll": "test NLL, nats"}.get(
            metric, "test coverage at 5 % risk, %"
        ) in header
        if metric == "coverage_at_5_percent_risk":
            means = {row["Design"].split(",")[0]: float(row[header]) for row in cell}
            assert means == {"single": 80.0, "deq": 86.0, "weq": 74.0}
            shown = page.eval_on_selector_all("#epoch option", "all => all.map(o => o.value)")
            assert shown == ["6"]


def test_the_metric_of_the_command_is_the_first_choice_and_stays_in_the_address(
    browser: Browser, study: Path, tmp_path: Path
) -> None:

    path = write_explorer([study], tmp_path / "nll.html", DecisionRule(metric="nll"))
    with open_page(browser, path) as page:
        assert page.input_value("#compare") == "nll"
        choose(page, "compare", "balanced_error")
        assert "compare=balanced_error" in page.evaluate("location.hash")


def test_what_is_not_offered_is_said(browser: Browser, demo_page: Path) -> None:
    with open_page(browser, demo_page) as page:
        offered = page.eval_on_selector_all("#compare option", "all => all.map(o => o.value)")
        assert offered == ["error", "nll"]
        assert "Not offered to compare by, as runs lack it: balanced error" in page.inner_text(
            "main"
        )
