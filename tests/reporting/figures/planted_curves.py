"""A planted study for the curves against the budget."""

from __future__ import annotations

from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from tests.factories import make_study, planted_error

TEXTS = FigureTexts("title", "conditions")

RUNS = tabulate_runs(
    make_study(planted_error, widths=(8, 12, 16), holes=[("weq", 0)], member_error_excess=3.0)
)
