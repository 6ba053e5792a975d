"""What the heat map shows."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    PALE_COLOURS,
    encode_figure,
)
from tests.factories import make_study, planted_error
from tests.reporting.figures.heat_maps import draw, finding_of, texts

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def test_cells_have_the_colour_of_their_winner() -> None:
    figure = draw(finding_of(make_study(planted_error)))
    colours = {
        to_hex(patch.get_facecolor())
        for patch in figure.axes[0].patches
        if isinstance(patch, Rectangle)
    }

    assert colours == {COLOURS["single"], COLOURS["deq"]}
    pale = draw(finding_of(make_study(planted_error, seeds=(0,))))
    assert {to_hex(patch.get_facecolor()) for patch in pale.axes[0].patches} == {
        PALE_COLOURS["single"],
        PALE_COLOURS["deq"],
    }


def test_the_boundary_follows_the_threshold() -> None:
    figure = draw(finding_of(make_study(planted_error)))
    boundaries = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]

    assert list(boundaries[0].get_xdata()) == [1.5, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5]
    assert list(boundaries[0].get_ydata()) == [5.5, 2.5, 2.5, 1.5, 1.5, 0.5, 0.5]
    assert "deq switchover" in texts(figure)
    assert "weq switchover" not in texts(figure)


def test_holes_and_fills_stand_under_the_columns() -> None:
    small = make_study(planted_error, depth=20, widths=(8,), holes=[("weq", 0)])
    figure = draw(finding_of([*small, *make_study(planted_error)]))

    shown = texts(figure)
    assert "×" in shown  # noqa: RUF001
    assert "58" in shown
    assert any("no such design" in text for text in shown)
    assert {"68 k", "92 k", "207 k"} <= set(shown)


def test_a_name_is_shown_as_it_is() -> None:
    figure = draw(finding_of(make_study(planted_error)), title=r"$\frac{<b>$ & _")

    assert r"$\frac{<b>$ & _" in texts(figure)
    assert encode_figure(figure, "svg").startswith(b"<?xml")


@pytest.mark.parametrize(
    "records",
    [
        make_study(planted_error, widths=(12,), num_epochs=1, seeds=(0,)),
        make_study(planted_error, holes=[("weq", i) for i in range(5)]),
        make_study(planted_error, holes=[(c, i) for c in ("deq", "weq") for i in range(5)]),
        make_study(planted_error, widths=range(8, 32), num_epochs=60),
    ],
    ids=["one cell", "no weq", "single only", "many budgets"],
)
def test_every_grid_can_be_drawn(records: list[Record]) -> None:
    pixels = imread(io.BytesIO(encode_figure(draw(finding_of(records)), "png")))

    assert pixels.shape[:2] == (736, 1024)
    assert pixels.std() > 0.02


def test_the_same_grid_gives_the_same_bytes() -> None:
    finding = finding_of(make_study(planted_error))

    for file_format in ("png", "svg"):
        first, second = (encode_figure(draw(finding), file_format) for _ in range(2))
        assert first == second
