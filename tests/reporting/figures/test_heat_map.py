"""What the heat map shows."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING

import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread
from matplotlib.patches import Rectangle

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.cell_face import CellFace, face_cell
from ensemble_switchover.reporting.figures.heat_map import draw_heat_map
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    PALE_COLOURS,
    encode_figure,
    label_parameters,
)
from tests.factories import make_study, planted_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.results.record import Record


def finding_of(records: list[Record]) -> Finding:
    """Derive the finding of the only comparison of the records."""
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison)


def draw(finding: Finding, title: str = "title") -> Figure:
    """Draw the heat map of a finding."""
    return draw_heat_map(
        finding.grid, finding.thresholds, finding.holes, "test error", title, "conditions"
    )


def texts(figure: Figure) -> list[str]:
    """Return every text of a figure, its legend and axes included."""
    found = [text.get_text() for text in figure.texts]
    found += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [label.get_text() for label in axes.get_xticklabels()]
    return found


def test_the_lowest_mean_wins_and_the_interval_decides() -> None:
    finding = finding_of(make_study(planted_error))
    one_seed = finding_of(make_study(planted_error, seeds=(0,)))

    assert face_cell(finding.grid, finding.thresholds, 4, 5) == CellFace("deq", True, False)
    assert face_cell(finding.grid, finding.thresholds, 0, 0) == CellFace("single", True, False)
    assert face_cell(one_seed.grid, one_seed.thresholds, 4, 5) == CellFace("deq", False, False)


def test_both_ensembles_must_beat_the_single_network() -> None:
    finding = finding_of(make_study(lambda name, i, e, s: 20.0 + s - 2.0 * (name != "single")))

    assert face_cell(finding.grid, finding.thresholds, 0, 0).both_ensembles_win


def test_equal_means_show_the_single_network_undecided() -> None:
    finding = finding_of(make_study(lambda name, i, e, s: 20.0 + s))

    assert face_cell(finding.grid, finding.thresholds, 0, 0) == CellFace("single", False, False)


def test_a_single_network_without_rival_is_no_winner() -> None:
    finding = finding_of(make_study(planted_error, holes=[("deq", 0), ("weq", 0)]))

    assert face_cell(finding.grid, finding.thresholds, 0, 0).winner is None


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


@pytest.mark.parametrize(("num_epochs", "first"), [(6, ["1", "2"]), (20, ["2", "4"])])
def test_labels_of_epochs_do_not_touch(num_epochs: int, first: list[str]) -> None:
    figure = draw(finding_of(make_study(planted_error, num_epochs=num_epochs)))

    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:2] == first
    assert labels[-1] == str(num_epochs)


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


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([850], ["850"]),
        ([143_840, 206_734, 1_019_722], ["144 k", "207 k", "1.0 M"]),
        ([999_499, 999_500], ["999 k", "1.0 M"]),
        ([92_100, 92_900], ["92 k", "93 k"]),
        ([92_100, 92_200], ["92.1 k", "92.2 k"]),
        ([5, 5], ["5", "5"]),
    ],
)
def test_labels_of_unequal_budgets_differ(counts: list[int], labels: list[str]) -> None:
    assert label_parameters(counts) == labels


def test_the_palette_can_be_read_in_grey() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    full = sorted(lightness(colour) for colour in COLOURS.values())
    assert min(b - a for a, b in itertools.pairwise(full)) > 0.15
    assert min(lightness(colour) for colour in PALE_COLOURS.values()) > full[-1] + 0.05
