"""Files are loaded, checked and timed in turn; the result is what `--json` writes."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError, first_line
from ensemble_switchover.measure.alternation import time_alternately
from ensemble_switchover.measure.energy import RaplCounter, find_gpu, find_rapl, measure_joules
from ensemble_switchover.measure.images import pass_batches, read_images
from ensemble_switchover.measure.load import load_file
from ensemble_switchover.measure.machine_facts import describe_machine, installed_versions
from ensemble_switchover.measure.quality import add_quality
from ensemble_switchover.measure.required_package import require_package
from ensemble_switchover.measure.samples import SPREAD_LIMIT, summarise_sample
from ensemble_switchover.measure.table import unsteady_lines
from ensemble_switchover.measurement.file_formats import TIMING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ensemble_switchover.measure.timed_file import TimedFile

DEFAULT_BATCH_SIZES = (1, 8, 32, 128)


@dataclass(frozen=True)
class TimingOptions:
    """What is to be timed, and how."""

    files: Sequence[Path]
    threads: int
    """Threads of a call."""
    batch_sizes: Sequence[int] = DEFAULT_BATCH_SIZES
    device: str = "cpu"
    """`cpu` or `cuda`."""
    precisions: Sequence[str] = ("float32",)
    """Some of `PRECISIONS`, each of every file."""
    images: Path | None = None
    """An archive of NumPy; None for noise."""
    seconds: float = 10.0
    """At most so long for each file and batch size."""
    warm_up_seconds: float = 0.3
    """Not timed, before each."""
    energy_seconds: float = 2.0
    """For joules, where they can be read."""
    name: str | None = None
    """The user's own for this machine."""


def time_files(given: TimingOptions) -> dict[str, Any]:
    """Load, check and time what was asked for, and return what `--json` writes.

    Raises:
        MeasureError: for what the user can correct.
    """
    require_package("numpy", "measure: needs NumPy")
    images = labels = None
    if given.images is not None:
        images, labels = read_images(given.images)
    models = [
        load_file(path, precision, given.threads, given.device)
        for path in given.files
        for precision in given.precisions
    ]
    if images is None and any(model.kind == "cascade" for model in models):
        raise MeasureError(
            "--images: expected images for a cascade: how many members it asks, and so its time, "
            "depends on them, and noise tells nothing of it"
        )
    if images is not None:
        for model in models:
            pass_batches(model.shape, 1, images, whole=False)  # refuses another shape
        add_quality(models, images, labels)
    remarks: list[str] = []
    counters, why = find_rapl()
    gpu_name, gpu, why_gpu = find_gpu() if given.device == "cuda" else ("", None, None)
    remarks += [line for line in (why_gpu, why) if line]
    whole = any(model.kind == "cascade" for model in models)  # all go through the same images
    timings: list[list[dict[str, Any]]] = [[] for _ in models]
    for size in given.batch_sizes:
        passes = [_calls(model, size, images, whole=whole) for model in models]
        for row, entry in zip(timings, _time(given, passes, size, counters, gpu)):
            row.append(entry)
    remarks += unsteady_lines(models, timings, given.seconds)
    return {
        "schema": TIMING_SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(given.device, gpu_name)
        | ({"name": given.name} if given.name else {}),
        "versions": installed_versions([model.runtime for model in models]),
        "threads": given.threads,
        "images": "noise" if images is None else "given",
        "num_images": None if images is None else len(images),
        "spread_limit_percent": 100 * SPREAD_LIMIT,
        "seconds_limit": given.seconds,
        "models": [
            {
                "file": model.name,
                "kind": model.kind,
                "sha256": model.sha256,
                "bytes": model.num_bytes,
                "runtime": model.runtime,
                "precision": model.precision,
                **{key: model.facts.get(key) for key in ("run", "fingerprint", "execution")},
                **{k: model.facts[k] for k in ("rule", "threshold", "order") if k in model.facts},
                **model.quality,
                "timings": rows,
            }
            for model, rows in zip(models, timings)
        ],
        "remarks": remarks,
    }


def _calls(
    model: TimedFile, size: int, images: Any, *, whole: bool
) -> tuple[list[Callable[[], object]], int]:
    """Return the calls of a pass, and its images."""
    batches = pass_batches(model.shape, size, images, whole=whole)
    calls: list[Callable[[], object]] = [partial(model.predict, batch) for batch in batches]
    return calls, sum(len(batch) for batch in batches)


def _time(
    given: TimingOptions,
    passes: Sequence[tuple[list[Callable[[], object]], int]],
    size: int,
    counters: Sequence[RaplCounter],
    gpu: Callable[[], float] | None,
) -> list[dict[str, Any]]:
    """Warm up, time all models in turn, and measure the energy of each by itself."""
    for calls, _ in passes:
        begin, done = time.perf_counter(), 0
        try:
            while done < 3 or time.perf_counter() - begin < given.warm_up_seconds:
                calls[done % len(calls)]()
                done += 1
        except Exception as error:
            raise MeasureError(f"batch size {size}: cannot be run: {first_line(error)}") from error
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        samples = time_alternately([calls for calls, _ in passes], given.seconds)
    finally:
        if was_enabled:
            gc.enable()
    rows = []
    for sample, (calls, num_images) in zip(samples, passes):
        row = summarise_sample(sample, size, num_images)
        if counters or gpu:
            done, cpu, of_gpu = measure_joules(calls, given.energy_seconds, counters, gpu)
            for name, joules in (("processor", cpu), ("gpu", of_gpu)):
                if joules is not None:
                    row[f"{name}_joules_per_image"] = joules / done / num_images
        rows.append(row)
    return rows
