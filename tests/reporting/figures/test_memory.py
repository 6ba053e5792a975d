"""The figure of peak memory."""

from __future__ import annotations

import pytest

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


def test_images_on_the_device_are_pale() -> None:
    images = 1797 * (64 + 8) / 1024**2
    on_device = draw_memory(series.memory_series(runs_of(peak_device_bytes=1024**2)), TEXTS)
    on_host = draw_memory(
        series.memory_series(runs_of(peak_device_bytes=1024**2, environment={"residence": "host"})),
        TEXTS,
    )
    on_cpu = draw_memory(series.memory_series(runs_of()), TEXTS)

    for name in ("single", "deq", "weq"):
        assert bars_of(on_device.axes[0])[name] == [1.0] * 3
        (pale,) = [
            bars for bars in on_device.axes[0].collections if bars.get_label() == f"_pale {name}"
        ]
        starts = [path.vertices[0, 1] for path in pale.get_paths()]
        assert starts == pytest.approx([1.0 - images] * 3)
        for figure in (on_host, on_cpu):
            assert bars_of(figure.axes[0])[f"_pale {name}"] == []
    assert "pale: images that lie on the device" in texts_of(on_device)
    assert "the images lie on the host" in texts_of(on_host)
    assert "images included" in texts_of(on_cpu)
    legend = on_device.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [
        "single network",
        "deq (depth-equivalent)",
        "weq (width-equivalent)",
    ]
