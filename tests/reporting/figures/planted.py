"""A planted study for the bar figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from tests.factories import make_study, planted_error

if TYPE_CHECKING:
    import polars as pl


TEXTS = FigureTexts("title", "3 seeds, source rule, cpu")

WIDTHS = (8, 12, 16)


def runs_of(**overrides: object) -> pl.DataFrame:
    return tabulate_runs(make_study(planted_error, widths=WIDTHS, **overrides))  # type: ignore[arg-type]
