"""Times of exported files, as `measure --json` writes them."""

from ensemble_switchover.measure.samples import Sample, summarise_sample
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA

BOARD = "Board Model 5"


def measured_values(fingerprint, milliseconds=2.0, *, batch_sizes=(1, 128), models=(), **machine):
    """Return what `measure` writes of one file of a run, and of further models."""
    return {
        "schema": TIMING_SCHEMA,
        "date": "2026-11-29T05:00:00+00:00",
        "machine": {
            "device": "cpu",
            "device_name": BOARD,
            "processor": BOARD,
            "num_processors": 4,
            "architecture": "aarch64",
            "system": "Linux 6.1",
            **machine,
        },
        "versions": {"python": "3.11.7", "numpy": "2.4.6", "onnxruntime": "1.32.0"},
        "threads": 4,
        "images": "noise",
        "num_images": None,
        "spread_limit_percent": 5.0,
        "seconds_limit": 10.0,
        "models": [measured_model(fingerprint, milliseconds, batch_sizes=batch_sizes), *models],
        "remarks": [],
    }


def measured_model(fingerprint, milliseconds=2.0, *, batch_sizes=(1, 128), **fields):
    """Return one file that took equally long for every image, and twice for one call in 20."""
    return {
        "file": "ensemble.onnx",
        "kind": "onnx",
        "sha256": "ab" * 32,
        "bytes": 1000,
        "runtime": "onnxruntime",
        "precision": "float32",
        "run": "a_run",
        "fingerprint": fingerprint,
        "execution": "sequential",
        "timings": [batch_values(size, milliseconds) for size in batch_sizes],
        **fields,
    }


def batch_values(batch_size, milliseconds):
    calls = [milliseconds * batch_size / 1e3] * 95 + [2 * milliseconds * batch_size / 1e3] * 5
    return summarise_sample(Sample(calls, calls), batch_size, batch_size)
