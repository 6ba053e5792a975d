"""The heat map of the paper's Figure 2: the design class that wins at each budget and epoch."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from ensemble_switchover.analysis.switchover import grid_series
from ensemble_switchover.analysis.switchover.class_names import SPELLED_CLASSES
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES, ENSEMBLE_CLASSES
from ensemble_switchover.analysis.switchover.hole import HoleKind
from ensemble_switchover.reporting.figures.cell_face import face_cell
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration
from ensemble_switchover.reporting.figures.grid_axes import (
    HOLE_FACE,
    boundary_handles,
    draw_boundary,
    label_axes,
    labelled_columns,
)
from ensemble_switchover.reporting.figures.style import (
    COLOURS,
    FAINT_INK,
    HATCH_INK,
    INK,
    PALE_COLOURS,
    RC,
    WIDTH_INCHES,
    label_parameters,
    new_figure,
    write_around,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName, ErrorGrid
    from ensemble_switchover.analysis.switchover.hole import GridHole
    from ensemble_switchover.analysis.switchover.threshold import Threshold
    from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
    from ensemble_switchover.reporting.figures.cell_face import CellFace

_HATCH = "////"
_DARK_CLASSES = ("deq", "weq")
"""Classes whose full colour is dark, so that its hatch is light."""
_HOLE_MARKS = {HoleKind.NO_DESIGN: "×", HoleKind.NOT_RUN: "?"}  # noqa: RUF001


def draw_heat_map(finding: Finding, texts: FigureTexts) -> Figure:
    """Draw which design class has the lowest error, or is best by what is compared, in every cell.

    Cells have the full colour of the class if the confidence interval decides, and a pale colour if
    it does not. They are hatched if both ensembles have a lower mean than the single network, and
    grey if there is nothing to compare. The lines are the switchover thresholds. Below each column
    stands the budget fill of each ensemble.

    Args:
        finding: The comparison with its grid, thresholds and holes.
        texts: Title and conditions.
    """
    grid, thresholds, holes = finding.grid, finding.thresholds, finding.holes
    with mpl.rc_context(RC):
        figure = new_figure(WIDTH_INCHES, 4.6)
        axes = figure.add_axes((0.15, 0.24, 0.575, 0.615))
        faces = [
            [face_cell(grid, thresholds, column, row) for row in range(len(grid.epochs))]
            for column in range(len(grid.budgets))
        ]
        for column, column_faces in enumerate(faces):
            _draw_column(axes, column, column_faces)
        _draw_hatches(axes, faces)
        for threshold in thresholds.values():
            draw_boundary(figure, axes, threshold)
        label_axes(axes, grid)
        _label_fills(axes, grid, holes)
        subtitle = _subtitle(thresholds, finding)
        write_around(figure, 0.15, texts.title, subtitle, _footer(texts.conditions, holes))
        figure.legend(
            handles=_legend_handles(grid, thresholds, faces),
            loc="upper left",
            bbox_to_anchor=(0.73, 0.865),
            handlelength=2.6,
            handleheight=1.25,
            labelspacing=0.65,
        )
        return figure


def _subtitle(thresholds: Mapping[DesignClassName, Threshold], finding: Finding) -> str:
    metric = finding.rule.quality
    mean, against = (
        (" mean", " against single") if metric.is_error else ("", "")
    )  # names are longer
    text = f"Class with the {metric.best_end}{mean} {finding.compared}"
    if thresholds:
        rule = next(iter(thresholds.values())).rule
        text += f"; pale: undecided{against} at {100 * rule.confidence:g} %"
    return text


def _draw_column(axes: Axes, column: int, faces: Sequence[CellFace]) -> None:
    left, row = column - 0.5, 0
    for face, run in groupby(faces):
        height = len(list(run))
        corner = (left, row - 0.5)
        if face.winner is None:
            axes.add_artist(Rectangle(corner, 1.0, height, **HOLE_FACE))
        else:
            colour = (COLOURS if face.decided else PALE_COLOURS)[face.winner]
            axes.add_artist(Rectangle(corner, 1.0, height, facecolor=colour, linewidth=0))
        row += height


def _draw_hatches(axes: Axes, faces: Sequence[Sequence[CellFace]]) -> None:
    """Hatch the cells in which both ensembles win, with one path for each colour."""
    cells: dict[str, list[Path]] = {}
    for column, column_faces in enumerate(faces):
        for row, face in enumerate(column_faces):
            if face.both_ensembles_win:
                square = Affine2D().translate(column - 0.5, row - 0.5)
                whole = Path.unit_rectangle().transformed(square)
                cells.setdefault(_hatch_colour(face), []).append(whole)
    for colour, paths in sorted(cells.items()):
        whole = Path.make_compound_path(*paths)
        hatch = PathPatch(whole, fill=False, hatch=_HATCH, edgecolor=colour, linewidth=0)
        axes.add_artist(hatch)


def _hatch_colour(face: CellFace) -> str:
    if not face.decided:
        return f"{INK}80"
    return "#ffffffb0" if face.winner in _DARK_CLASSES else f"{HATCH_INK}80"


def _footer(conditions: str, holes: Sequence[GridHole]) -> str:
    kinds = {hole.kind for hole in holes if hole.design_class in ENSEMBLE_CLASSES}
    marks = [f"{mark} {kind.value}" for kind, mark in _HOLE_MARKS.items() if kind in kinds]
    return "\n".join([", ".join(marks), conditions]).strip()


def _label_fills(axes: Axes, grid: ErrorGrid, holes: Sequence[GridHole]) -> None:
    marks = {(hole.design_class, hole.column): _HOLE_MARKS[hole.kind] for hole in holes}
    labels = label_parameters([budget.parameters for budget in grid.budgets])
    labelled = set(labelled_columns(axes, labels))
    beside: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "ha": "right",
    }
    axes.annotate("Parameters", (0, 0), (-16, -3.5), va="top", size=8, **beside)
    names = [
        name
        for name in ENSEMBLE_CLASSES
        if grid.has(name) or any(marked == name for marked, _ in marks)
    ]
    for line, name in enumerate(names):
        height = -0.115 - 0.055 * line
        style: dict[str, Any] = {"va": "center", "size": 7.5, "color": FAINT_INK}
        axes.annotate(f"{name} fill, %", (0, height), (-16, 0), **style, **beside)
        for column in range(len(grid.budgets)):
            design = grid.designs.get((name, column))
            text = marks.get((name, column), "")
            if design is None:
                style |= {"color": INK, "weight": "bold"}
            else:
                style |= {"color": FAINT_INK, "weight": "normal"}
                text = f"{100 * design.budget_fill:.0f}" if column in labelled else text
            axes.text(
                column, height, text, transform=axes.get_xaxis_transform(), ha="center", **style
            )


def _legend_handles(
    grid: ErrorGrid,
    thresholds: Mapping[DesignClassName, Threshold],
    faces: Sequence[Sequence[CellFace]],
) -> list[Artist]:
    shown = [face for column in faces for face in column]
    handles: list[Artist] = []
    for name in DESIGN_CLASSES:
        if not grid.has(name):
            continue
        handles.append(
            Patch(facecolor=COLOURS[name], label=SPELLED_CLASSES[name].replace("-", "-\n"))
        )
        if any(face.winner == name and not face.decided for face in shown):
            handles.append(Patch(facecolor=PALE_COLOURS[name], label=f"{name}, undecided"))
    if any(face.winner is None for face in shown):
        handles.append(Patch(label="nothing to compare", **HOLE_FACE))
    if any(face.both_ensembles_win for face in shown):
        handles.append(
            Patch(
                facecolor="white",
                edgecolor=f"{INK}80",
                hatch=_HATCH,
                linewidth=0.5,
                label="both ensembles\nbeat single",
            )
        )
    return handles + boundary_handles(thresholds)


HEAT_MAP_FIGURE = FigureDeclaration(
    position=10,
    name="figure_2_heat_map",
    paper="Figures 2, 4 and B",
    caption="which class has the {best} {compared}, {grid_size}. {interval_scope}",
    numbers=lambda finding: grid_series.cell_series(finding.grid),
    draw=lambda _, finding, texts: draw_heat_map(finding, texts),
)
