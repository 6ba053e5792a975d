"""The figure of time per layer."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.layer_time import draw_layer_time
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of


def test_a_pass_is_time_per_layer_times_layers() -> None:
    """Every record has a pass of 1 ms a layer and 3 ms of one member."""
    numbers = series.layer_time_series(runs_of())
    upper, lower = draw_layer_time(numbers, TEXTS).axes

    layers = bars_of(lower)
    assert layers["single"] == [26.0] * 3
    assert layers["deq"] == [4 * 26.0] * 3
    for name, milliseconds in bars_of(upper).items():
        products = [a * b for a, b in zip(milliseconds, layers[name], strict=True)]
        num_members = 1 if name == "single" else 4
        assert products == pytest.approx([layers[name][0] + 3.0 * num_members] * 3)
