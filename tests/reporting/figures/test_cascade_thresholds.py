"""Cascades at every threshold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from ensemble_switchover.analysis.cascade.cascade_table import tabulate_cascades
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.cascade_thresholds import (
    draw_thresholds,
    threshold_numbers,
)
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record
from tests.reporting.figures.reading import texts_of

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record


def _numbers(records: list[Record], folder: Path) -> pl.DataFrame:
    folders = {(record.study, record.name): folder for record in records}
    return threshold_numbers(tabulate_runs(records), tabulate_cascades(records, folders).table)


def _study() -> list[Record]:
    return [
        with_cascades(
            make_record(
                design_class="deq",
                width=width,
                seed=seed,
                test_errors=(5.0 + seed,),
                name=f"deq-{width}-{seed}",
            ),
            1.5 + seed,
        )
        for width in (8, 16)
        for seed in (0, 1)
    ]


def test_means_over_the_seeds_at_each_threshold(tmp_path: Path) -> None:
    numbers = _numbers(_study(), tmp_path)
    assert numbers.height == 2 * 2 * 3  # budgets, rules, thresholds
    row = numbers.filter(pl.col("threshold") == 0.9, pl.col("rule") == "margin").row(0, named=True)
    assert row["mean_members_mean"] == pytest.approx(2.0)
    assert row["error_percent_mean"] == pytest.approx(5.7)
    assert row["error_percent_std"] == pytest.approx(0.5**0.5)
    assert row["nll_nats_mean"] == pytest.approx(0.3)


def test_a_likelihood_that_is_not_known_leaves_error_and_members(tmp_path: Path) -> None:
    records = [
        replace(
            record,
            cascades=[
                replace(cascade, nll_nats=None, curve=replace(cascade.curve, nll_nats=[]))
                for cascade in record.cascades
            ],
        )
        for record in _study()
    ]
    numbers = _numbers(records, tmp_path)
    assert numbers["nll_nats_mean"].null_count() == numbers.height
    assert numbers["error_percent_mean"].null_count() == 0
    draw_thresholds(numbers, "test error", FigureTexts("title", "conditions"))


def test_the_largest_budget_is_drawn_with_both_rules(tmp_path: Path) -> None:
    numbers = _numbers(_study(), tmp_path)
    figure = draw_thresholds(numbers, "test error", FigureTexts("title", "conditions"))
    assert len(figure.axes) == 3
    members = figure.axes[-1]
    assert [line.get_label() for line in members.lines] == ["deq, confidence", "deq, margin"]
    assert list(members.lines[0].get_ydata()) == pytest.approx([1.0, 2.0, 4.0])
    shown = texts_of(figure)
    assert "Cascades at each threshold, at a budget of 367 k: mean over the seeds" in shown
    labels = [label.get_text() for label in members.get_xticklabels()]
    assert labels == ["0", "0.9", "all"]
