"""Reports whose figures are made but not drawn, which takes most of a report's time.

For tests of what stands around the figures; drawn ones are in a whole report of `test_report.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.reporting import section
from ensemble_switchover.reporting.figures.style import encode_figure

if TYPE_CHECKING:
    from typing import Literal

    from matplotlib.figure import Figure

ENCODE = "ensemble_switchover.reporting.section.encode_figure"


def draw_nothing(figure: Figure, file_format: Literal["png", "svg"]) -> bytes:
    return file_format.encode()


def draw_svg_alone(figure: Figure, file_format: Literal["png", "svg"]) -> bytes:
    return encode_figure(figure, "svg") if file_format == "svg" else b"png"


def prepare_to_draw_nothing() -> None:
    """Prepare a process that writes sections."""
    section.encode_figure = draw_nothing
