"""No text of any figure lies on another one, or beyond the figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from matplotlib.transforms import Bbox

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.across_comparisons import tabulate_switchovers
from ensemble_switchover.reporting.figures.gallery import (
    draw_costs,
    draw_first,
    draw_others,
    draw_trends,
)
from ensemble_switchover.reporting.figures.label_places import place_labels
from ensemble_switchover.reporting.figures.style import new_figure
from tests.factories import make_record, make_study, planted_error, with_parameters
from tests.reporting.figures.collisions import find_collisions

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record

LONG_NAMES = {
    "dataset": {"name": "photographs_of_birds_and_other_animals_in_the_garden"},
    "environment": {
        "device": "cuda",
        "device_name": "NVIDIA H100 80GB HBM3",
        "execution": "parallel, fused within",
        "precision": "bf16-mixed",
        "compiled": True,
        "residence": "host",
    },
    "peak_device_bytes": 10**8,
}


def alike(design_class: str, column: int, epoch: int, seed: int) -> float:
    """Return errors that are the same for all designs."""
    return 10.0 + 0.01 * seed


def unreached(design_class: str, column: int, epoch: int, seed: int) -> float:
    """Return errors of ensembles that never reach that of the single network."""
    return 10.0 + seed + (0.0 if design_class == "single" else 5.0)


def close(num_budgets: int) -> list[Record]:
    return [
        with_parameters(record, 102_100 + 70 * number)
        for number in range(num_budgets)
        for record in make_study(planted_error, widths=(8 + number,), seeds=(0, 1), num_epochs=3)
    ]


STUDIES = {
    "budgets close together": lambda: close(5),
    "many budgets close together": lambda: close(12),
    "close and far": lambda: make_study(planted_error, widths=(8, 9, 10, 30, 31, 32, 100)),
    "many budgets": lambda: make_study(unreached, widths=range(8, 40), seeds=(0, 1)),
    "one run": lambda: [make_record()],
    "long names": lambda: make_study(planted_error, seeds=(0, 1), **LONG_NAMES),
    "equal errors": lambda: make_study(alike),
    "long epochs": lambda: make_study(alike, epoch_seconds=[12_345.0] * 6),
    "large networks": lambda: make_study(planted_error, widths=(100, 200, 400, 600)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_no_text_lies_on_another_one(name: str) -> None:
    (finding,) = [derive_finding(c) for c in group_comparisons(STUDIES[name]())]
    drawn = [*draw_first(finding), *draw_others(finding), *draw_costs(finding)]
    assert len(drawn) > 6
    found = {one.name: collisions for one in drawn if (collisions := find_collisions(one.figure))}
    assert found == {}


@pytest.mark.slow
def test_no_text_of_a_trend_lies_on_another_one() -> None:
    records = [
        record
        for number in range(5)
        for k in (2, 3, 4)
        for record in make_study(
            planted_error,
            widths=(16, 32),
            k=k,
            seeds=(0, 1),
            num_epochs=2,
            dataset={"name": f"photographs_of_birds_{number}"},
        )
    ]
    findings = [derive_finding(comparison) for comparison in group_comparisons(records)]
    drawn = list(draw_trends(tabulate_switchovers(findings)))
    assert len(drawn) > 2
    found = {one.name: collisions for one in drawn if (collisions := find_collisions(one.figure))}
    assert found == {}


def test_a_label_moves_aside_and_one_without_a_place_is_left_out() -> None:
    figure = new_figure(4.0, 3.0)
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 10)
    (x, y), (right, top) = axes.transData.transform([(5, 5), (10, 10)])
    above = Bbox.from_extents(0, y, right, top)

    place_labels(axes, [(5, 5, "below")], [above])
    (below,) = axes.texts
    assert below.get_window_extent().y1 < y

    place_labels(axes, [(5, 5, "nowhere")], [Bbox.from_extents(0, 0, right, top)])
    assert [text.get_text() for text in axes.texts] == ["below"]
    place_labels(axes, [(2, 2, "a"), (2.1, 2.1, "b"), (8, 8, "c")], [])
    assert find_collisions(figure) == []
    assert x > 0
