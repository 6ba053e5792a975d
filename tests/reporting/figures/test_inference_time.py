"""The figure of milliseconds per image."""

from __future__ import annotations

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.inference_time import draw_inference_time
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, texts_of


def test_inference_time_names_its_batch_size() -> None:
    figure = draw_inference_time(series.latency_series(runs_of()), TEXTS)

    assert bars_of(figure.axes[0])["weq"] == [0.25] * 3
    assert "in batches of 128" in texts_of(figure)
    assert "Time per image, ms" in texts_of(figure)
