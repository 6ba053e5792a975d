"""Curves against the budget."""

from matplotlib.figure import Figure

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.curves import draw_curves
from tests.reporting.figures.planted_curves import RUNS
from tests.reporting.figures.reading import lines_of


def test_a_class_without_values_has_no_curve_and_budgets_ascend() -> None:
    numbers = series.member_error_series(RUNS)
    axes = Figure().add_subplot()
    draw_curves(axes, numbers.filter(numbers["design_class"] != "weq"), "error_percent")

    assert set(lines_of(axes)) == {"single", "deq"}
    xs = [float(x) for x in axes.containers[0].lines[0].get_xdata()]
    assert xs == sorted(xs)
    assert axes.get_xscale() == "log"
