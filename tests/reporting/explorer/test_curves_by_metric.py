"""Curves by other metrics than the error, as the page receives them."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.explore import write_explorer
from ensemble_switchover.reporting.explorer.curves_by_metric import find_by_metric
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, make_study
from tests.planted_metrics import (
    cover_more_with_deq,
    error_for_single,
    make_nll_study,
    nll_for_deq,
    with_quality,
)
from tests.reporting.explorer.page_content import content_of, floats_of

if TYPE_CHECKING:
    from pathlib import Path


def test_every_design_has_its_losses_and_every_comparison_its_answers() -> None:
    records = [cover_more_with_deq(r) for r in make_nll_study(nll_for_deq, error_for_single)]
    content = content_of(records)
    floats = floats_of(content)
    assert [quality["name"] for quality in content["qualities"]] == list(QUALITY_METRICS)
    for design in content["designs"]:
        runs = [
            record
            for record in records
            if (record.design.depth, record.design.width, record.design.k)
            == (design["depth"], design["width"], design["k"])
        ]
        first, start = design["losses"]["nll"]
        length = len(design["epochs"])
        assert start == 0
        for index, seed in enumerate(design["seeds"]):
            (record,) = (run for run in runs if run.seed == seed)
            curve = floats[first + index * length : first + (index + 1) * length]
            assert curve == pytest.approx([epoch.nll_nats for epoch in record.epochs])
        first, start = design["losses"]["coverage_at_5_percent_risk"]
        assert start == length - 1
        found = floats[first : first + len(design["seeds"])]
        assert found == pytest.approx(
            [100.0 * (1.0 - r.quality.coverage_at_5_percent_risk) for r in runs]  # type: ignore[union-attr]
        )
        assert design["lossSpread"] is None
    (comparison,) = content["comparisons"]
    by_metric = comparison["byMetric"]
    assert by_metric["coverage_at_5_percent_risk"]["epochs"] == [6]
    assert by_metric["nll"]["epochs"] == comparison["epochs"]
    assert all("by NLL" in text for text in by_metric["nll"]["sentences"])
    # class of the lowest mean: deq by NLL and coverage, the single network by the error
    for values, winner in ((comparison, 0), (by_metric["nll"], 1)):
        assert {cell[3] for cell in values["maps"][1]["cells"]} == {winner}
    covered = by_metric["coverage_at_5_percent_risk"]["maps"][1]["cells"]
    assert {tuple(cell[1:5]) for cell in covered} == {(0, 0, 1, 1)}


def test_collapsed_runs_have_their_losses_too() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 5.0 + 0.1 * seed + (60.0 if (name, column, seed) == ("single", 0, 3) else 0.0)

    records = make_nll_study(nll_for_deq, error)
    content = content_of(records)
    floats = floats_of(content)
    (design,) = (design for design in content["designs"] if design["collapsed"])
    (run,) = design["collapsed"]
    (record,) = (record for record in records if record.name == run["name"])
    length = len(design["epochs"])
    nll = [epoch.nll_nats for epoch in record.epochs]
    assert floats[run["losses"]["nll"] :][:length] == pytest.approx(nll)
    first, _ = design["other"]["losses"]["nll"]
    with_it = floats[first : first + 4 * length].reshape(4, length)
    assert with_it[3] == pytest.approx(nll)
    assert np.isfinite(with_it).all()


def test_a_metric_of_which_runs_share_no_epoch_is_left_out() -> None:
    records = [
        with_quality(make_record(design_class=name, test_errors=errors, recipe={"epochs": 3}))  # type: ignore[arg-type]
        for name, errors in (("single", (9.0, 8.0)), ("deq", (9.0, 8.0, 7.0)))
    ]
    metrics = [QUALITY_METRICS[name] for name in ("nll", "calibrated_nll")]
    found = find_by_metric(group_comparisons(records), metrics, DEFAULT_RULE)
    assert [metric.name for metric in found] == ["nll"]


def test_runs_without_the_metric_that_is_asked_for_are_named_on_the_page(tmp_path: Path) -> None:
    *measured, lacking = make_study(error_for_single, widths=(8, 12), num_epochs=3)
    records = [with_quality(record, calibrated_nll_nats=0.2) for record in measured]
    for record in [*records, lacking]:
        write_record(tmp_path / "demo" / record.name, record)

    path = write_explorer(
        [tmp_path / "demo"], tmp_path / "page.html", DecisionRule(metric="calibrated_nll")
    )

    page = html.unescape(path.read_text("utf-8"))
    assert f"1 run lacks the calibrated test NLL and is left out ({lacking.name})" in page
    (content,) = re.findall(r'<script type="application/json" id="content">(.*?)</script>', page)
    values = json.loads(content)
    assert values["compare"] == "calibrated_nll"
    assert values["numRuns"] == len(measured)
    assert values["notOffered"] is None
