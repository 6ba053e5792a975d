"""What the maps of each ensemble class against the single network show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.colors import to_hex

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.style import COLOURS, encode_figure
from ensemble_switchover.reporting.figures.verdict_map import draw_verdict_map
from tests.factories import make_study, planted_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.results.record import Record


def draw(records: list[Record]) -> Figure:
    (comparison,) = group_comparisons(records)
    finding = derive_finding(comparison)
    return draw_verdict_map(finding, FigureTexts("title", "conditions"))


def painted(axes: Axes) -> dict[tuple[int, int], str]:
    """Read back which colour each cell of a panel has."""
    cells: dict[tuple[int, int], str] = {}
    for patch in axes.patches:
        (left, bottom), height = patch.get_xy(), round(patch.get_height())
        for row in range(round(bottom + 0.5), round(bottom + 0.5) + height):
            cells[round(left + 0.5), row] = to_hex(patch.get_facecolor())
    return cells


def test_every_cell_has_the_colour_of_its_winner() -> None:
    figure = draw(make_study(planted_error))
    deq, weq = figure.axes
    first = {2: 4, 3: 3, 4: 2}
    assert painted(deq) == {
        (column, epoch - 1): COLOURS["deq" if epoch >= first.get(column, 99) else "single"]
        for column in range(5)
        for epoch in range(1, 7)
    }
    assert set(painted(weq).values()) == {COLOURS["single"]}
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "deq (depth-equivalent)\nagainst single",
        "weq (width-equivalent)\nagainst single",
    ]


def test_the_legend_names_what_is_shown_and_nothing_else() -> None:
    (legend,) = draw(make_study(planted_error)).legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["deq is better", "the single network\nis better", "deq switchover"]


def test_one_seed_decides_nothing_and_a_hole_is_no_verdict() -> None:
    figure = draw(make_study(planted_error, seeds=(0,), holes=[("weq", 1)]))
    deq, weq = figure.axes
    assert len(set(painted(deq).values())) == 1
    assert painted(deq)[0, 0] not in COLOURS.values()
    assert painted(weq)[1, 0] == to_hex("white")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["undecided", "nothing to compare"]


def test_a_class_without_runs_has_nothing_to_compare() -> None:
    figure = draw(make_study(planted_error, holes=[("weq", column) for column in range(5)]))
    _, weq = figure.axes
    assert set(painted(weq).values()) == {to_hex("white")}
    assert encode_figure(figure, "png").startswith(b"\x89PNG")
