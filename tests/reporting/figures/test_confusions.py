"""The figure of confusions: matrices of few classes, bars of the most confused pairs of many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.confusion_series import CONFUSION_COLUMNS
from ensemble_switchover.analysis.decision_rule import DecisionRule
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.confusions import (
    CONFUSIONS_FIGURE,
    MOST_PAIRS,
    draw_confusions,
)
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import Predictions
from tests.factories import make_record
from tests.reporting.figures.planted import TEXTS
from tests.reporting.figures.reading import texts_of


def numbers_of(classes: int, names: tuple[str, ...] = ("single", "deq", "weq")) -> pl.DataFrame:
    rows = [
        (50_000, name, 1 if name == "single" else 4, 3, label, (label + 1) % classes, 40.0 - label)
        for label in range(min(classes, 30))
        for name in names
    ]
    return pl.DataFrame(rows, schema=CONFUSION_COLUMNS, orient="row")


@pytest.mark.parametrize("names", [("single",), ("single", "deq"), ("single", "deq", "weq")])
def test_few_classes_have_a_matrix_for_each_design_class(names: tuple[str, ...]) -> None:
    figure = draw_confusions(numbers_of(10, names), 10, TEXTS)
    assert len(figure.axes) == len(names)
    order = [int(label.get_text()) for label in figure.axes[0].get_yticklabels()]
    assert sorted(order) == list(range(10))
    for axes in figure.axes:
        (image,) = axes.images
        values = image.get_array()
        assert [int(label.get_text()) for label in axes.get_xticklabels()] == order
        for row, label in enumerate(order):
            assert values[row, order.index((label + 1) % 10)] == 40.0 - label
        assert values.sum() == sum(40.0 - label for label in range(10))
    assert "50,000 parameters" in texts_of(figure)


def test_classes_that_are_never_confused_have_their_rows() -> None:
    figure = draw_confusions(numbers_of(3, ("single",)), 5, TEXTS)
    assert sorted(int(one.get_text()) for one in figure.axes[0].get_yticklabels()) == [*range(5)]
    assert len(draw_confusions(numbers_of(3), 100, TEXTS).axes[0].images) == 0  # bars


def test_runs_that_are_left_out_of_means_are_left_out() -> None:
    quality = measure_quality(
        Predictions.of_probabilities(np.array([[[0.9, 0.1], [0.8, 0.2]]]), np.array([0, 1]))
    )
    ends = [10.0, 10.5, 11.0, 9.5, 10.2, 90.0]  # the last one collapsed
    records = [
        replace(make_record(seed=seed, test_errors=[50.0, end]), quality=quality)
        for seed, end in enumerate(ends)
    ]
    (comparison,) = group_comparisons(records)
    finding = derive_finding(comparison)
    assert len(finding.collapsed) == 1
    assert CONFUSIONS_FIGURE.numbers(finding)["num_seeds"].to_list() == [5]
    kept = derive_finding(comparison, DecisionRule(keep_collapsed=True))
    assert CONFUSIONS_FIGURE.numbers(kept)["num_seeds"].to_list() == [6]


def test_of_many_classes_the_most_confused_pairs_are_drawn() -> None:
    figure = draw_confusions(numbers_of(100), 100, TEXTS)
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"{label} as {label + 1}" for label in range(MOST_PAIRS)]
    assert len(axes.patches) == 3 * MOST_PAIRS
    assert max(bar.get_width() for bar in axes.patches) == 40.0
