"""Heat maps of planted studies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.heat_map import draw_heat_map

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
    return draw_heat_map(finding, FigureTexts(title, "conditions"))


def texts(figure: Figure) -> list[str]:
    """Return every text of a figure, its legend and axes included."""
    found = [text.get_text() for text in figure.texts]
    found += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [label.get_text() for label in axes.get_xticklabels()]
    return found
