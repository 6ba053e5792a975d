"""Bars by class and budget, for few and many budgets."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.figures.epoch_time import draw_epoch_time
from ensemble_switchover.reporting.figures.style import encode_figure
from tests.factories import make_record
from tests.reporting.figures.planted import TEXTS
from tests.reporting.figures.reading import bars_of


@pytest.mark.parametrize("num_widths", [1, 30])
def test_few_and_many_budgets_can_be_drawn(num_widths: int) -> None:
    records = [
        make_record(design_class=name, width=width, seed=seed)  # type: ignore[arg-type]
        for width in range(8, 8 + num_widths)
        for name in ("single", "deq")
        for seed in (0, 1)
    ]
    figure = draw_epoch_time(series.epoch_time_series(tabulate_runs(records)), TEXTS)

    assert len(bars_of(figure.axes[0])["deq"]) == num_widths
    assert len(figure.axes[0].get_xticks()) <= 10
    assert encode_figure(figure, "png").startswith(b"\x89PNG")


def test_bars_of_very_unequal_heights_stand_on_a_logarithmic_axis() -> None:
    records = [
        make_record(width=width, epoch_seconds=[seconds] * 3)
        for width, seconds in ((8, 0.1), (12, 40.0))
    ]
    figure = draw_epoch_time(series.epoch_time_series(tabulate_runs(records)), TEXTS)

    assert figure.axes[0].get_yscale() == "log"
