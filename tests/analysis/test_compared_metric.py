"""Switchovers and advice by other metrics than the error, on studies whose winners are planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.advice.advice_rows import advice_values, show_advice
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import Advice, advise
from ensemble_switchover.analysis.advice.trained_designs import collect_designs, list_candidates
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import METHODS, DecisionRule
from ensemble_switchover.analysis.finding import Finding, derive_finding
from ensemble_switchover.analysis.study_purchases import plan_purchases
from ensemble_switchover.analysis.switchover.grid_series import (
    cell_series,
    error_series,
    verdict_series,
)
from ensemble_switchover.analysis.switchover.range import data_complexity
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.study_folders import read_studies
from tests.brute_verdicts import plain_switchover, plain_verdicts, read_plain_runs
from tests.factories import WIDTHS, make_study
from tests.planted_metrics import (
    RIVALS_SEEDS,
    cover_more_with_deq,
    error_for_single,
    make_nll_study,
    nll_for_deq,
    with_quality,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.quality_metrics import MetricName
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.shipped import ShippedStudy


def find(records: Sequence[Record], metric: MetricName = "error") -> Finding:
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison, DecisionRule(metric=metric))


def ask(records: Sequence[Record], metric: MetricName = "error", **limits: float) -> Advice:
    rule = DecisionRule(metric=metric)
    designs = collect_designs(records, metric=rule.quality)
    return advise(list_candidates(designs, "Example CPU"), Limits(**limits), rule)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def apart() -> list[Record]:
    """Return a study in which the error and the NLL name different winners."""
    return make_nll_study(nll_for_deq, error_for_single)


def test_error_and_nll_name_different_winners(apart: list[Record]) -> None:
    by_error, by_nll = find(apart), find(apart, "nll")
    outcomes = {
        (metric, name): {cell.verdict.value for column in threshold.cells for cell in column}
        for metric, finding in (("error", by_error), ("nll", by_nll))
        for name, threshold in finding.thresholds.items()
    }
    assert outcomes == {
        ("error", "deq"): {"single"},
        ("error", "weq"): {"single"},
        ("nll", "deq"): {"ensemble"},
        ("nll", "weq"): {"single"},
    }
    cell = by_nll.thresholds["deq"].last_cell
    assert cell.mean_difference == pytest.approx(-0.10)
    assert by_nll.thresholds["deq"].budget == by_nll.grid.budgets[0].parameters


def test_every_sentence_names_the_metric_and_none_of_the_error_changes(apart: list[Record]) -> None:
    by_error, by_nll = find(apart), find(apart, "nll")
    for text in (*by_error.sentences, *by_error.sensitivity, by_error.headline):
        assert "NLL" not in text
        assert "nats" not in text
    for text in (*by_nll.sentences, *by_nll.sensitivity, *by_nll.headline.split("; ")):
        assert "NLL" in text
        assert "error" not in text
        assert "percentage point" not in text
    weq = by_nll.sentences[1]
    assert "its test NLL minus the single network's is +0.100 nats, 90 % Welch interval +0." in weq
    assert "a margin of 0.05 nats: " in by_nll.sensitivity[0]


def test_the_complexity_of_the_data_stays_an_error(apart: list[Record]) -> None:
    assert data_complexity(find(apart, "nll")) == data_complexity(find(apart))


def test_the_numbers_of_figures_are_in_the_unit_of_the_metric(apart: list[Record]) -> None:
    finding = find(apart, "nll")
    cells = verdict_series(finding.grid, finding.thresholds, {})
    assert {"difference_nats", "lower_nats", "upper_nats"} <= set(cells.columns)
    assert "difference_points" not in cells.columns
    assert cells.filter(cells["ensemble_class"] == "deq")["difference_nats"].max() < 0.0  # type: ignore[operator]
    means = cell_series(finding.grid)
    assert set(means["best"]) == {"deq"}
    assert means["single_nll_nats"][0] == pytest.approx(0.88)
    assert error_series(finding.grid)["nll_nats"].is_between(0.3, 1.0).all()


def test_purchases_are_of_the_metric() -> None:
    """By the NLL nothing is decided, by the error everything."""

    def nll(name: str, column: int, epoch: int, seed: int) -> float:
        return 0.5 + {"single": 0.0, "deq": -0.004, "weq": -0.004}[name] + 0.01 * (seed % 3)

    records = make_nll_study(nll, lambda n, *_: {"single": 10.0}.get(n, 5.0) + _[-1] * 0.1)
    rules = [DecisionRule(metric=name) for name in ("error", "nll")]  # type: ignore[arg-type]
    planned = [plan_purchases([find(records, rule.metric)], rule) for rule in rules]
    assert [cell for cell in planned[0].cells if cell.is_tried] == []
    open_cells = [cell for cell in planned[1].cells if cell.is_tried]
    assert open_cells
    assert all(cell.variances[0] == pytest.approx(0.00009166, rel=1e-3) for cell in open_cells)
    assert (planned[0].by, planned[1].by) == ("", " by NLL")


def test_the_design_to_build_is_that_of_the_metric(apart: list[Record]) -> None:
    by_error, by_nll = ask(apart), ask(apart, "nll")
    assert by_error.best is not None
    assert by_nll.best is not None
    assert by_error.best.design.design_class == "single"
    assert by_nll.best.design.design_class == "deq"
    assert by_nll.best.design.width < max(WIDTHS)
    losses = {r.reading.design.key: r.reading.loss for r in by_nll.others}
    assert by_nll.best.loss < min(losses.values())
    told = describe_advice(by_nll)
    assert told[0].startswith("Build deq (depth-equivalent")
    assert "Its mean test NLL is" in " ".join(told)
    assert " nats (90 % t interval " in " ".join(told)
    assert not [text for text in told if "error" in text.replace("standard error", "")]
    table = show_advice(by_nll)
    assert "Test NLL, nats" in table.headers
    assert "Test error, %" in show_advice(by_error).headers
    values = advice_values(by_nll, told, "Example CPU", None)
    assert values["rule"]["metric"] == "nll"
    assert values["best"]["nll_nats"] == by_nll.best.loss
    assert values["best"]["error_percent"] == by_nll.best.error
    assert values["best"]["lower_nll_nats"] < by_nll.best.loss < values["best"]["upper_nll_nats"]
    assert values["runner_up"]["difference_nats"] > 0.0
    assert "metric" not in advice_values(by_error, (), None, None)["rule"]


def test_a_limit_on_accuracy_is_about_the_error(apart: list[Record]) -> None:
    least = min(record.error_percent for record in apart)
    wanted = 100.0 - least - 1.0
    advice = ask(apart, "nll", accuracy_percent=wanted)
    assert advice.best is not None
    assert 100.0 - advice.best.error >= wanted
    assert advice.best.design.design_class == "single"


def test_collapse_is_screened_by_the_error() -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 5.0 + 0.1 * seed + (60.0 if (name, column, seed) == ("single", 0, 3) else 0.0)

    records = make_nll_study(nll_for_deq, error)
    by_nll = find(records, "nll")
    assert len(by_nll.collapsed) == 1
    assert by_nll.grid.left_out == by_nll.collapsed
    assert len(by_nll.grid.errors("single", 0, 0)) == len(RIVALS_SEEDS) - 1
    assert "in the NLLs: " in " ".join(by_nll.sentences)
    assert "deviations above the median of its cell) and is left out of the NLLs" in " ".join(
        by_nll.notes
    )
    assert "1 run collapsed and is left out of NLLs: " in " ".join(
        describe_advice(ask(records, "nll"))
    )


@pytest.fixture(scope="module")
def covered() -> list[Record]:
    """Return a study in which deq has the highest error and the highest coverage."""

    def error(name: str, column: int, epoch: int, seed: int) -> float:
        return 10.0 + {"single": 0.0, "deq": 5.0, "weq": 1.0}[name] + 0.1 * seed

    return [cover_more_with_deq(record) for record in make_study(error, seeds=RIVALS_SEEDS)]


@pytest.mark.parametrize("method", METHODS)
def test_of_a_coverage_more_is_better(covered: list[Record], method: str) -> None:
    (comparison,) = group_comparisons(covered)
    rule = DecisionRule(method, metric="coverage_at_5_percent_risk")  # type: ignore[arg-type]
    finding = derive_finding(comparison, rule)
    verdicts = {n: {c[-1].verdict.value for c in t.cells} for n, t in finding.thresholds.items()}
    # paired differences of planted seeds do not vary
    assert verdicts == (
        {"deq": {"undecided"}, "weq": {"undecided"}}
        if method == "paired_t"
        else {"deq": {"ensemble"}, "weq": {"single"}}
    )


def test_a_coverage_is_shown_with_its_own_sign(covered: list[Record]) -> None:
    finding = find(covered, "coverage_at_5_percent_risk")
    weq = finding.sentences[1]
    assert "by coverage at 5 % risk" in weq
    assert "its test coverage at 5 % risk minus the single network's is -6.0 percentage" in weq
    assert "interval -6." in weq
    assert "to -5." in weq
    cells = verdict_series(finding.grid, finding.thresholds, {})
    deq = cells.filter(cells["ensemble_class"] == "deq").to_dicts()[-1]
    assert deq["difference_points"] == pytest.approx(6.0)
    assert deq["lower_points"] < 6.0 < deq["upper_points"]
    means = cell_series(finding.grid).to_dicts()[-1]
    assert means["best"] == "deq"
    assert means["deq_coverage_at_5_percent_risk_percent"] == pytest.approx(86.0)


def test_the_advice_by_coverage_takes_the_highest(covered: list[Record]) -> None:
    advice = ask(covered, "coverage_at_5_percent_risk")
    assert advice.best is not None
    assert advice.best.design.design_class == "deq"
    told = " ".join(describe_advice(advice))
    assert "Its mean test coverage at 5 % risk is 86.00 % (90 % t interval 85." in told
    assert "of the highest" in told or "is the highest" in told
    assert "lowest mean" not in told
    (worse,) = {r.reading.design.design_class for r in advice.others if r.is_worse} - {"single"}
    assert worse == "weq"
    single = next(r for r in advice.others if r.reading.design.design_class == "single")
    assert single.is_worse
    values = advice_values(advice, (), None, None)
    ours, theirs = values["best"], values["runner_up"]
    key = "coverage_at_5_percent_risk_percent"
    assert ours[f"lower_{key}"] < ours[key] < ours[f"upper_{key}"]
    assert theirs["difference_points"] == pytest.approx(theirs[key] - ours[key])
    assert theirs["lower_points"] < theirs["upper_points"]


def test_a_margin_of_a_coverage_is_below_the_highest(covered: list[Record]) -> None:
    rule = DecisionRule("mann_whitney", 0.999, metric="coverage_at_5_percent_risk")
    designs = collect_designs(covered, metric=rule.quality)
    candidates = list_candidates(designs, "Example CPU")
    wide = advise(candidates, Limits(), rule, margin=6.5)
    assert wide.short_list is not None
    assert {r.design.design_class for r in wide.short_list.readings} == {"deq", "single"}


def test_what_is_known_after_the_last_epoch_gives_one_row(covered: list[Record]) -> None:
    finding = find(covered, "coverage_at_5_percent_risk")
    assert finding.grid.epochs == (6,)
    assert finding.errors.epochs == (1, 2, 3, 4, 5, 6)
    (told,) = (note for note in finding.notes if "one row" in note or "1 row" in note)
    assert "The test coverage at 5 % risk of all runs is known after the last epoch only" in told
    assert not [note for note in find(covered).notes if "row of epochs" in note]


def test_fewer_epochs_than_the_last_have_no_design_by_such_a_metric(covered: list[Record]) -> None:
    advice = ask(covered, "coverage_at_5_percent_risk", epochs=3)
    assert advice.best is None
    (binding,) = advice.bindings
    assert (binding.limits, binding.needed) == (("epochs",), (6,))


@pytest.mark.parametrize("name", ["balanced_error", "calibrated_nll"])
def test_the_other_metrics_of_the_quality_are_compared(name: MetricName) -> None:
    field = {"balanced_error": "balanced_error_percent", "calibrated_nll": "calibrated_nll_nats"}
    level = {"single": 3.0, "deq": 2.0, "weq": 4.0}
    records = [
        with_quality(
            record,
            **{field[name]: level[record.design.design_class] + 0.01 * (record.seed % 3)},
        )
        for record in make_study(error_for_single, seeds=RIVALS_SEEDS)
    ]
    finding = find(records, name)
    assert {n: t.last_cell.verdict.value for n, t in finding.thresholds.items()} == {
        "deq": "ensemble",
        "weq": "single",
    }
    assert finding.rule.quality.noun in finding.sentences[0]


@pytest.mark.parametrize(
    ("shipped", "metric", "column"),
    [
        ("demo", "nll", "nll_nats"),
        pytest.param("digits", "error", "error_percent", marks=pytest.mark.slow),
        pytest.param("digits", "nll", "nll_nats", marks=pytest.mark.slow),
        pytest.param("fashion_mnist", "error", "error_percent", marks=pytest.mark.slow),
    ],
)
def test_on_the_shipped_records_scipy_and_loops_find_the_same(
    shipped: ShippedStudy, metric: MetricName, column: str, tmp_path: Path
) -> None:
    folder = unpack_study(shipped, tmp_path)
    expected = plain_verdicts(read_plain_runs(folder), column)
    compared = 0
    for comparison in group_comparisons(read_studies([folder]).records):
        finding = derive_finding(comparison, DecisionRule(metric=metric))
        series = (comparison.setting.family, comparison.setting.data["train_size"])
        for name, threshold in finding.thresholds.items():
            (cells,) = (
                cells
                for (one, k, other), cells in expected.items()
                if (one[:2], k, other) == (series, comparison.k, name)
            )
            found = {
                (budget, epoch): cell.verdict.value
                for budget, column_cells in zip(threshold.budgets, threshold.cells, strict=True)
                for epoch, cell in zip(threshold.epochs, column_cells, strict=True)
            }
            assert found == cells
            where = (threshold.budget, threshold.epoch)
            assert where == (plain_switchover(cells) or (None, None))
            compared += len(cells)
    assert compared == {"demo": 240, "digits": 1080, "fashion_mnist": 320}[shipped]
