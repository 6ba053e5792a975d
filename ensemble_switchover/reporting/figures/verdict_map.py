"""The verdict of every cell: each ensemble class against the single network."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.patches import Patch, Rectangle

from ensemble_switchover.analysis.switchover import grid_series
from ensemble_switchover.analysis.switchover.class_names import SPELLED_CLASSES
from ensemble_switchover.analysis.switchover.verdict import Verdict
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.grid_axes import (
    HOLE_FACE,
    boundary_handles,
    draw_boundary,
    label_axes,
)
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    RC,
    UNDECIDED_COLOUR,
    WIDTH_INCHES,
    new_figure,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.analysis.switchover.threshold import Threshold
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts


def draw_verdict_map(finding: Finding, texts: FigureTexts) -> Figure:
    """Draw a panel for each ensemble class: its verdict against the single network in each cell.

    Args:
        finding: The comparison, with at least one threshold.
        texts: Title and conditions.
    """
    thresholds = finding.thresholds
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 3.8)
        left, width, gap = 0.085, 0.645, 0.03
        panel = (width - gap * (len(thresholds) - 1)) / len(thresholds)
        for index, (name, threshold) in enumerate(thresholds.items()):
            axes = figure.add_axes((left + index * (panel + gap), 0.215, panel, 0.55))
            for column, cells in enumerate(threshold.cells):
                row = 0
                for verdict, run in groupby(cell.verdict for cell in cells):
                    height = len(list(run))
                    face = _face(name, verdict)
                    axes.add_artist(Rectangle((column - 0.5, row - 0.5), 1.0, height, **face))
                    row += height
            draw_boundary(figure, axes, threshold)
            label_axes(axes, finding.grid, 10 // len(thresholds))
            axes.tick_params(axis="x", labelsize=7.5)
            axes.set_title(f"{SPELLED_CLASSES[name]}\nagainst single", size=9, pad=5)
            axes.set_xlabel("Parameters", size=8.5)
            if index:
                axes.set_ylabel("")
                axes.set_yticklabels([])
        rule = finding.rule
        better = f"{rule.quality.better_way} {finding.compared}"
        subtitle = f"Design with the {better} by the {rule.interval_name}"
        write_around(figure, left, texts.title, subtitle, texts.conditions)
        figure.legend(
            handles=_legend_handles(thresholds),
            loc="upper left",
            bbox_to_anchor=(left + width + 0.012, 0.8),
            handlelength=2.6,
            handleheight=1.25,
            labelspacing=0.65,
        )
        return figure


def _face(name: DesignClassName, verdict: Verdict) -> dict[str, Any]:
    if verdict is Verdict.HOLE:
        return HOLE_FACE
    colours = {
        Verdict.ENSEMBLE: COLOURS[name],
        Verdict.SINGLE: COLOURS["single"],
        Verdict.UNDECIDED: UNDECIDED_COLOUR,
    }
    return {"facecolor": colours[verdict], "linewidth": 0}


def _legend_handles(thresholds: Mapping[DesignClassName, Threshold]) -> list[Artist]:
    shown = {
        (name, cell.verdict)
        for name, threshold in thresholds.items()
        for column in threshold.cells
        for cell in column
    }
    verdicts = {verdict for _, verdict in shown}
    handles: list[Artist] = [
        Patch(label=f"{name} is better", **_face(name, Verdict.ENSEMBLE))
        for name in thresholds
        if (name, Verdict.ENSEMBLE) in shown
    ]
    labels = {
        Verdict.SINGLE: "the single network\nis better",
        Verdict.UNDECIDED: "undecided",
        Verdict.HOLE: "nothing to compare",
    }
    first = next(iter(thresholds))
    handles += [
        Patch(label=label, **_face(first, verdict))
        for verdict, label in labels.items()
        if verdict in verdicts
    ]
    return handles + boundary_handles(thresholds)


VERDICT_MAP_FIGURE = FigureDeclaration(
    position=20,
    name="verdicts",
    first_position=20,
    caption="Each ensemble class against the single network{by}, {grid_size}. {interval_scope}",
    numbers=lambda finding: grid_series.verdict_series(
        finding.grid, finding.thresholds, finding.image_verdicts
    ),
    draw=lambda _, finding, texts: draw_verdict_map(finding, texts),
)
