"""The style of all figures: palette, type sizes, texts around a figure, encoding."""

from __future__ import annotations

import io
import math
import textwrap
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ensemble_switchover.analysis.switchover.class_names import SPELLED_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.typing import RcKeyType

    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

COLOURS: dict[DesignClassName, str] = {
    "single": "#c08a12",
    "deq": "#1b3f7a",
    "weq": "#1f7a6e",
}
"""Ochre, blue and teal, as in the explorer: distinct for common colour blindness, light, dark and
medium in grey, and each with a contrast of 3 to a white ground."""

PALE_COLOURS: dict[DesignClassName, str] = {
    "single": "#fae8b8",
    "deq": "#b0c4e6",
    "weq": "#dcf4ec",
}
"""The same hues for undecided cells; in grey all are lighter than any full colour."""

MARKERS: dict[DesignClassName, str] = {"single": "o", "deq": "s", "weq": "^"}
DASHES: dict[DesignClassName, tuple[float, ...]] = {
    "single": (),
    "deq": (3.0, 1.5),
    "weq": (4.5, 1.5, 1.0, 1.5),
}
"""Lengths of dashes and gaps in widths of the line; a line without them is solid. The explorer has
the same, in pixels for a line of 2."""
LINE_STYLES: dict[DesignClassName, Any] = {
    name: (0.0, dashes) if dashes else "-" for name, dashes in DASHES.items()
}
INK = "#22272e"
FAINT_INK = "#6b7480"
HOLE_INK = "#b4bbc4"
GRID_INK = "#e3e6ea"
EDGE_INK = "#9aa3ad"
UNDECIDED_COLOUR = "#e7eaee"
HATCH_INK = "#20252c"
"""The ink of a hatch over a full colour; it stays dark where the ground is dark, too."""

RC: dict[RcKeyType, Any] = {
    "axes.edgecolor": EDGE_INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "hatch.linewidth": 0.7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "ensemble_switchover",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
"""Matplotlib settings. `text.parse_math` is off, so names from records are shown unchanged."""

WIDTH_INCHES = 6.4
"""Width of every figure in inches; at a text width of 5.5 inches, letters shrink by a seventh."""

_PNG_DOTS_PER_INCH = 160
_FOOTER_LETTERS = 115
"""Number of letters in a footer line over the whole width."""


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """Make an empty figure without a window or pyplot; call it within the context of `RC`."""
    figure = Figure(figsize=(width_inches, height_inches))
    FigureCanvasAgg(figure)
    return figure


def write_around(figure: Figure, left: float, title: str, subtitle: str, footer: str) -> None:
    """Write the title, subtitle and footer of a figure.

    Args:
        figure: A figure of `new_figure`.
        left: Left edge of the text as a share of the width.
        title: The comparison; a long title is set smaller.
        subtitle: What the figure shows.
        footer: The conditions; long lines are wrapped.
    """
    height = 72.0 * figure.get_figheight()  # in points
    size = 12.0 * min(1.0, 54 / max(1, len(title)))
    figure.text(left, 1.0 - 18.0 / height, title, size=size, weight="bold")
    figure.text(left, 1.0 - 33.0 / height, subtitle, size=8.5)
    figure.text(left, 6.0 / height, "\n".join(wrap_footer(footer, left)), size=7.5, color=FAINT_INK)


def place_legend(axes: Axes, handles: Sequence[Any] | None = None, *, spelled: bool = True) -> None:
    """Draw the legend of a panel above it, flush right, in one row.

    Args:
        axes: The panel.
        handles: The entries; by default all artists with a label.
        spelled: Spell out the names of the classes, where there is room.
    """
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    labels = [str(handle.get_label()) for handle in shown]
    axes.legend(
        shown,
        [SPELLED_CLASSES.get(label, label) if spelled else label for label in labels],
        loc="lower right",
        ncols=len(labels),
        bbox_to_anchor=(1.0, 1.01),
        borderaxespad=0,
        handlelength=2.6,
        columnspacing=1.2,
    )


def wrap_footer(footer: str, left: float) -> list[str]:
    """Wrap the lines of a footer that starts at the given share of the width."""
    room = int(_FOOTER_LETTERS * (1.0 - left))
    return [part for line in footer.splitlines() for part in textwrap.wrap(line, room)]


def encode_figure(figure: Figure, file_format: Literal["png", "svg"]) -> bytes:
    """Encode a figure; the same figure always gives the same bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC):
        if file_format == "svg":
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        else:
            figure.savefig(
                buffer,
                format="png",
                dpi=_PNG_DOTS_PER_INCH,
                metadata={"Software": None},
                pil_kwargs={"compress_level": 1},  # a third faster, a fifth larger
            )
    return buffer.getvalue()


def label_parameters(counts: Sequence[int]) -> list[str]:
    """Label numbers of parameters in k and M, with just enough digits to distinguish them.

    >>> label_parameters([92_890, 207_066, 1_019_722])
    ['93 k', '207 k', '1.0 M']
    >>> label_parameters([1_019_722, 1_043_000])
    ['1.02 M', '1.04 M']
    """
    labels: list[str] = []
    for digits in range(1, 7):
        labels = [_label(count, digits) for count in counts]
        if len(set(labels)) == len(set(counts)):
            return labels
    return labels


def label_logarithms(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers at 1, 2 and 5 of every power of ten.

    Matplotlib's own labels are formulas, which `RC` leaves as they are written.
    """
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator())


def reach_of_bars(
    means: Sequence[float], spreads: Sequence[float | None], highest: float = math.inf
) -> list[list[float]]:
    """Return how far error bars reach down and up from means, within what the quantity can be.

    Args:
        means: The means, which are not negative.
        spreads: The sample standard deviation of each; None for a single seed.
        highest: Largest possible value, such as 100 for a percentage; the smallest is 0.

    >>> reach_of_bars([1.0, 99.0], [3.0, 3.0], highest=100.0)
    [[1.0, 3.0], [3.0, 1.0]]
    """
    known = [spread or 0.0 for spread in spreads]
    return [
        [max(0.0, min(spread, mean)) for mean, spread in zip(means, known, strict=True)],
        [max(0.0, min(spread, highest - mean)) for mean, spread in zip(means, known, strict=True)],
    ]


def width_of_longest(labels: Sequence[str], size: float) -> float:
    """Return about how many points the longest of some labels of digits is wide, with a gap.

    Args:
        labels: The labels, at least one.
        size: Size of their letters in points.
    """
    return 0.62 * size * max(map(len, labels)) + 6.0


def points_of(axes: Axes) -> tuple[float, float]:
    """Return the width and height of a panel in points."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = axes.get_position()
    return 72.0 * place.width * figure.get_figwidth(), 72.0 * place.height * figure.get_figheight()


def _label(count: int, digits: int) -> str:
    if count >= 999_500:  # a thousand k and more, once rounded
        return f"{count / 1e6:.{digits}f} M"
    if count >= 1000:
        return f"{count / 1e3:.{digits - 1}f} k"
    return str(count)
