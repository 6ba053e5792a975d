"""What the figures of the switchover along k and along the data share."""

from __future__ import annotations

from ensemble_switchover.reporting.figures.bar_figure import FigureTexts
from ensemble_switchover.reporting.figures.switchover_by_data import draw_switchover_by_data
from tests.reporting.figures.planted_switchovers import frame


def test_long_names_and_conditions_do_not_cover_each_other() -> None:
    hard = {"setting": f"resnet on fractals ({'a dataset option 7, ' * 4})", "dataset": "fractals"}
    other = {**hard, "setting": f"{hard['setting']} 2", "data_complexity_percent": 30.0}
    conditions = "\n".join(["95 %", *(f"4 seeds, device {n}" for n in range(4))])
    figure = draw_switchover_by_data(frame(hard, other), FigureTexts("resnet, k = 4", conditions))
    figure.draw_without_rendering()  # type: ignore[no-untyped-call]

    (axes,) = figure.axes
    (footer,) = [text for text in figure.texts if text.get_text().startswith("95 %")]
    label = axes.xaxis.label.get_window_extent()
    names = [tick.get_window_extent() for tick in axes.get_xticklabels()]
    assert label.y0 > footer.get_window_extent().y1
    assert min(name.y0 for name in names) > label.y1
    assert names[0].x1 < names[1].x0
    assert "resnet on" not in axes.get_xticklabels()[0].get_text()
