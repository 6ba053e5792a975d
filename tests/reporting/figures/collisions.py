"""Finds texts of a figure that overlap each other, or reach beyond the figure."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import BboxBase

_ALLOWED_PIXELS = 1.0
"""Boxes are those of the letters' whole lines, so that they may touch."""


def find_collisions(figure: Figure) -> list[str]:
    """Describe every pair of texts that overlap, and every text that leaves the figure."""
    figure.draw_without_rendering()  # type: ignore[no-untyped-call]
    boxes = [(text.get_text(), text.get_window_extent()) for text in _texts(figure)]
    found = [
        f"{text!r} leaves the figure"
        for text, box in boxes
        if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1
    ]
    for (text, box), (other, other_box) in itertools.combinations(boxes, 2):
        if _overlap(box, other_box):
            found.append(f"{text!r} over {other!r}")
    return found


def _texts(figure: Figure) -> list[Text]:
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    ticks = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
    }
    drawn = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label in axis.get_ticklabels(which="both")
        if _is_within(axis.get_view_interval(), _place(axis, label))
    }
    return [text for text in shown if text not in ticks or text in drawn]  # type: ignore[misc]


def _place(axis: object, label: Text) -> float:
    x, y = label.get_position()
    return float(x if type(axis).__name__ == "XAxis" else y)


def _is_within(interval: object, value: float) -> bool:
    low, high = sorted(map(float, interval))  # type: ignore[call-overload]
    return low <= value <= high


def _overlap(one: BboxBase, other: BboxBase) -> bool:
    return (
        min(one.x1, other.x1) - max(one.x0, other.x0) > _ALLOWED_PIXELS
        and min(one.y1, other.y1) - max(one.y0, other.y0) > _ALLOWED_PIXELS
    )
