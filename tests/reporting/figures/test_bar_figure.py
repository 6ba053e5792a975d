"""The layout of a bar figure."""

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, texts_of


def test_title_conditions_and_label_stand_around_scaled_bars() -> None:
    numbers = series.epoch_time_series(runs_of())
    column = next(name for name in numbers.columns if name.endswith("_mean")).removesuffix("_mean")
    figure = draw_bar_figure(numbers, column, "Label", "shows", TEXTS, scale=1000.0)

    assert bars_of(figure.axes[0])["single"] == [1000.0] * 3
    assert {TEXTS.title, TEXTS.conditions, "Label"} <= set(texts_of(figure).splitlines())
