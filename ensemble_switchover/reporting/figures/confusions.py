"""Which classes are taken for which, by design class; not in the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import polars as pl

from ensemble_switchover.analysis.confusion_series import order_by_confusion
from ensemble_switchover.analysis.switchover.class_names import SPELLED_CLASSES
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    FAINT_INK,
    INK,
    RC,
    WIDTH_INCHES,
    new_figure,
    place_legend,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts

MOST_CLASSES = 20
"""Classes of which a matrix is legible; of more, the most confused pairs are drawn."""
MOST_PAIRS = 15
_LETTERS_UP_TO = 12
"""Classes whose cells have room for a number."""


def draw_confusions(numbers: pl.DataFrame, num_classes: int, texts: FigureTexts) -> Figure:
    """Draw a matrix for each design class, or bars of the most confused pairs of many classes.

    Args:
        numbers: A frame from `confusion_series` with at least one row.
        num_classes: Of the data set, those that are never confused among them.
        texts: Title and conditions.
    """
    with mpl.rc_context(RC):
        if num_classes > MOST_CLASSES:
            return _draw_pairs(numbers, texts)
        return _draw_matrices(numbers, num_classes, texts)


def _draw_matrices(numbers: pl.DataFrame, num_classes: int, texts: FigureTexts) -> Figure:
    names = [name for name in DESIGN_CLASSES if name in numbers["design_class"].to_list()]
    matrices = {name: _matrix(numbers, name, num_classes) for name in names}
    order = order_by_confusion(np.sum(list(matrices.values()), axis=0))
    most = max(matrix.max() for matrix in matrices.values())
    figure = new_figure(WIDTH_INCHES, 3.5)
    width = 0.89 / len(names)
    for number, name in enumerate(names):
        axes = figure.add_axes((0.1 + number * width, 0.2, width - 0.02, 0.55))
        _draw_matrix(axes, matrices[name][np.ix_(order, order)], order, name, most)
        if number:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel("Class")
        axes.set_title(SPELLED_CLASSES.get(name, name), size=8.5, weight="normal")
    figure.axes[(len(names) - 1) // 2].set_xlabel("Answer")
    _write(figure, numbers, texts, "Percent of each class's images with each wrong answer")
    return figure


def _matrix(numbers: pl.DataFrame, name: str, num_classes: int) -> NDArray[np.float64]:
    matrix = np.zeros((num_classes, num_classes))
    rows = numbers.filter(pl.col("design_class") == name)
    for label, answer, percent in rows.select("label", "answer", "percent").iter_rows():
        matrix[label, answer] = percent
    return matrix


def _draw_matrix(
    axes: Axes, matrix: NDArray[np.float64], order: Sequence[int], name: str, most: float
) -> None:
    colours = mpl.colors.LinearSegmentedColormap.from_list(name, ["#ffffff", COLOURS[name]])  # type: ignore[index]
    axes.imshow(matrix, cmap=colours, vmin=0, vmax=most, aspect="auto")
    for place in range(len(order)):
        axes.text(place, place, "·", ha="center", va="center", color=FAINT_INK)
    if len(order) <= _LETTERS_UP_TO:
        for row, column in zip(*np.nonzero(matrix >= 0.5), strict=True):
            value = matrix[row, column]
            ink = "white" if value > most / 2 else INK
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", size=6.5, color=ink)
    axes.set_xticks(range(len(order)), [str(one) for one in order], size=7)
    axes.set_yticks(range(len(order)), [str(one) for one in order], size=7)
    axes.tick_params(length=0)


def _draw_pairs(numbers: pl.DataFrame, texts: FigureTexts) -> Figure:
    names = [name for name in DESIGN_CLASSES if name in numbers["design_class"].to_list()]
    pairs = numbers.select("label", "answer").unique(maintain_order=True).head(MOST_PAIRS)
    figure = new_figure(WIDTH_INCHES, 5.2)
    axes = figure.add_axes((0.16, 0.16, 0.81, 0.66))
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        rows = pairs.join(
            numbers.filter(pl.col("design_class") == name),
            on=("label", "answer"),
            how="left",
            maintain_order="left",
        )
        places = np.arange(len(pairs)) + (number - (len(names) - 1) / 2) * height
        shares = rows["percent"].fill_null(0.0).to_list()
        axes.barh(places, shares, height, color=COLOURS[name], label=name)
    labels = [f"{label} as {answer}" for label, answer in pairs.iter_rows()]
    axes.set_yticks(range(len(pairs)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("Images of the class, %")
    place_legend(axes)
    _write(figure, numbers, texts, f"The {len(pairs)} pairs of classes that are confused most")
    return figure


def _write(figure: Figure, numbers: pl.DataFrame, texts: FigureTexts, shows: str) -> None:
    size = numbers["budget_parameters"][0]
    shows = f"{shows}; {size:,} parameters"
    write_around(figure, 0.1, texts.title, shows, texts.conditions)


CONFUSIONS_FIGURE = FigureDeclaration(
    position=65,
    name="confusions",
    caption="Which classes are taken for which after the last epoch, at the largest budget, mean "
    "over the seeds; classes that are confused stand side by side.",
    numbers=lambda finding: finding.confusions,
    draw=lambda numbers, finding, texts: draw_confusions(numbers, finding.num_classes, texts),
)
