"""Reads back what a figure shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def bars_of(axes: Axes) -> dict[str, list[float]]:
    """Return the heights of the bars of each label, from left to right."""
    return {
        str(bars.get_label()): [float(path.vertices[1, 1]) for path in bars.get_paths()]
        for bars in _bars(axes)
    }


def colours_of(axes: Axes) -> dict[str, str]:
    """Return the colour of the bars of each label."""
    return {str(bars.get_label()): to_hex(bars.get_facecolor()[0]) for bars in _bars(axes)}


def _bars(axes: Axes) -> list[PolyCollection]:
    return [bars for bars in axes.collections if isinstance(bars, PolyCollection)]


def lines_of(axes: Axes) -> dict[str, list[float]]:
    """Return the heights of the points of each labelled curve with error bars."""
    return {
        str(container.get_label()): [float(y) for y in container.lines[0].get_ydata()]
        for container in axes.containers
        if hasattr(container, "lines")
    }


def texts_of(figure: Figure) -> str:
    """Return every text of a figure."""
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in axes.texts]
        found += [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
        legend = axes.get_legend()
        if legend is not None:
            found += [text.get_text() for text in legend.get_texts()]
    return "\n".join(found)
