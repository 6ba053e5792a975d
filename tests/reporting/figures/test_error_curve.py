"""What the curve of test errors shows."""

from __future__ import annotations

import math

import pytest

from ensemble_switchover.analysis.switchover.error_grid import build_error_grid
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.error_curve import draw_error_curve
from ensemble_switchover.reporting.figures.style import encode_figure
from tests.factories import make_study, planted_error

TEXTS = FigureTexts("title", "conditions")


def test_means_fills_and_seeds_are_drawn() -> None:
    grid = build_error_grid(make_study(planted_error, holes=[("weq", 0)]))

    figure = draw_error_curve(grid, "test error", TEXTS)

    errors, fills = figure.axes
    assert [text.get_text() for text in errors.get_legend().get_texts()] == [
        "single network",
        "deq (depth-equivalent)",
        "weq (width-equivalent)",
    ]
    lines = [list(line.get_ydata()) for line in errors.lines]
    means = [grid.mean_error("single", column, 5) for column in range(5)]
    assert pytest.approx(means) in lines
    assert 4 * 3 in {len(line) for line in lines}
    weq_fills = [100 * grid.designs["weq", column].budget_fill for column in range(1, 5)]
    assert pytest.approx(weq_fills) in [list(line.get_ydata()) for line in fills.lines]


@pytest.mark.parametrize("widths", [(12,), (8, 10), tuple(range(8, 40))])
@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_every_grid_can_be_drawn(widths: tuple[int, ...], seeds: tuple[int, ...]) -> None:
    grid = build_error_grid(make_study(planted_error, widths=widths, num_epochs=1, seeds=seeds))

    figure = draw_error_curve(grid, "test error", TEXTS)

    assert encode_figure(figure, "png").startswith(b"\x89PNG")


def test_single_networks_alone_have_no_panel_of_fills() -> None:
    holes = [(name, i) for name in ("deq", "weq") for i in range(5)]
    grid = build_error_grid(make_study(planted_error, holes=holes))

    assert len(draw_error_curve(grid, "test error", TEXTS).axes) == 1


@pytest.mark.parametrize("diverged", ["single", "deq"])
def test_a_design_that_ends_without_a_number_is_left_out(diverged: str) -> None:
    def error(name: str, column: int, epoch: int, seed: int) -> float:
        gone = name == diverged and column == 2 and epoch == 6
        return math.nan if gone else planted_error(name, column, epoch, seed)

    grid = build_error_grid(make_study(error))
    (errors, _) = draw_error_curve(grid, "test error", TEXTS).axes

    means = [grid.mean_error(diverged, column, 5) for column in (0, 1, 3, 4)]  # type: ignore[arg-type]
    assert pytest.approx(means) in [list(line.get_ydata()) for line in errors.lines]
