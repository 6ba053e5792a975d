"""The figure of peak memory."""

from __future__ import annotations

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.memory import draw_memory
from tests.reporting.figures.planted import TEXTS, runs_of
from tests.reporting.figures.reading import bars_of, texts_of


def test_memory_says_whose_it_is() -> None:
    on_cpu = draw_memory(series.memory_series(runs_of()), TEXTS)
    on_gpu = draw_memory(series.memory_series(runs_of(peak_device_bytes=50 * 1024**2)), TEXTS)

    assert bars_of(on_cpu.axes[0])["deq"] == [300.0] * 3
    assert "whole process" in texts_of(on_cpu)
    assert bars_of(on_gpu.axes[0])["deq"] == [50.0] * 3
    assert "device's allocator" in texts_of(on_gpu)
