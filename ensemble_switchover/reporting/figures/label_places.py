"""Labels of points at places where they cover neither each other nor what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.transforms import Bbox

from ensemble_switchover.reporting.figures.style import INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_SIZE = 7.5
_OFFSETS = (
    (5.0, 5.0, "left", "bottom"),
    (5.0, -5.0, "left", "top"),
    (-5.0, 5.0, "right", "bottom"),
    (-5.0, -5.0, "right", "top"),
    (0.0, 8.0, "center", "bottom"),
    (0.0, -8.0, "center", "top"),
)
"""Where a label may stand beside its point, in points, the best place first."""
_GAP = 1.5
"""Pixels around a label that stay free."""


def place_labels(
    axes: Axes, labels: Sequence[tuple[float, float, str]], obstacles: Sequence[Bbox]
) -> None:
    """Write the labels of points; one that would cover something at every place is left out.

    Args:
        axes: The panel, with its final limits.
        labels: Position and text of each label.
        obstacles: What they must not cover, in pixels.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    taken = list(obstacles)
    room = axes.get_window_extent()
    for x, y, text in labels:
        for right, up, align, valign in _OFFSETS:
            label = axes.annotate(
                text,
                (x, y),
                (right, up),
                textcoords="offset points",
                size=_SIZE,
                color=INK,
                ha=align,
                va=valign,
            )
            box = label.get_window_extent().padded(_GAP)
            is_inside = room.x0 <= box.x0 and box.x1 <= room.x1
            is_inside = is_inside and room.y0 <= box.y0 and box.y1 <= room.y1
            if is_inside and not any(Bbox.intersection(box, other) for other in taken):
                taken.append(box)
                break
            label.remove()
