"""The page of a study that has times of runs themselves, and of timing passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, list_candidates
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import render_explorer
from tests.factories import make_record, of_timing_pass
from tests.reporting.explorer.browser import ask, choose, open_page, table_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

RECORDS = [
    make_record(
        design_class=name,
        width=width,
        seed=seed,
        test_errors=[30.0, 10.0 + seed + (name == "deq")],
        epoch_seconds=[5.0, 4.0],
    )
    for name in ("single", "deq")
    for width in (8, 12)
    for seed in range(3)
]
STUDY = [
    *(of_timing_pass(r, [2.0]) if r.design.design_class == "deq" else r for r in RECORDS),
    *(of_timing_pass(r, [3.0]) for r in RECORDS if r.design.width == 12),
]
"""Single networks of 8 have their own times alone, deq have those of timing passes alone."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "explorer.html"
    path.write_text(render_explorer(build_content(STUDY, lambda _: ""), ()), "utf-8")
    return path


def test_metrics_are_of_one_kind_and_say_which(browser: Browser, both: Path) -> None:
    with open_page(browser, both, "#metric=epoch") as page:
        conditions = page.eval_on_selector_all("#condition option", "all => all.map(o => o.value)")
        of_passes, of_runs = sorted(conditions, key=lambda text: "timing pass" not in text)
        assert len(conditions) == 2
        choose(page, "condition", of_passes)
        rows = table_of(page, "metric-table")
        assert sorted((row["Class"], row["Mean"]) for row in rows) == [
            ("deq", "2"), ("deq", "2"), ("single", "3"),
        ]  # fmt: skip
        assert "No figure and no ratio compares seconds" in page.inner_text("#metric-note")
        choose(page, "metric", "error")
        assert page.inner_text("#metric-note") == ""
        choose(page, "metric", "epoch")
        choose(page, "condition", of_runs)
        rows = table_of(page, "metric-table")
        assert {(row["Class"], row["Mean"]) for row in rows} == {("single", "4")}


@pytest.mark.parametrize("kind", ["the runs themselves", "a timing pass"])
@pytest.mark.parametrize("hours", ["", "1", "0.00001"])
def test_advice_is_by_times_of_one_kind(
    browser: Browser, both: Path, kind: str, hours: str
) -> None:
    device = f"Example CPU, times of {kind}"
    limits = Limits(hours=float(hours)) if hours else Limits()
    advice = advise(list_candidates(collect_designs(STUDY), device), limits)
    headline, *remarks = describe_advice(advice)

    with open_page(browser, both) as page:
        ask(page, hours=hours)
        choose(page, "device", device)
        assert page.inner_text("#answer") == headline
        assert page.inner_text("#remarks").splitlines() == remarks
    assert any("do not compare with the others'" in text for text in remarks)
