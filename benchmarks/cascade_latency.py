"""Compare how long a served cascade takes with what its members asked predict.

Predicted is the time of the whole ensemble, one member after another, divided by its members, times
the members asked. What is beyond it is early exit itself, and that smaller batches are slower per
image. Cascade, whole ensemble and the budget's single network predict the same images in turn.

    python -m benchmarks.cascade_latency [RUN] [--seconds 10] [--threshold 0.9]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.common import conditions_text
from ensemble_switchover import compose, train
from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.measurement.cascade_latency import (
    CascadeModels,
    CascadeSeconds,
    measure_cascade_seconds,
)
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.results.check import typed_config
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.runner.final_measurements import single_network
from ensemble_switchover.serving.cascade import Cascade
from ensemble_switchover.serving.cascade_settings import choose_settings
from ensemble_switchover.serving.weights import read_run_weights
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.device import choose_device, use_threads
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from torch import Tensor

BATCH_SIZES = (1, 32, 128, 1024)
TRAINED = (
    "dataset=digits",
    "logger=none",
    "design=deq",
    "k=4",
    "budget.depth=26",
    "budget.width=16",
    "epochs=12",
    "measurement.latency_batch_sizes=[]",
)
"""The run that is trained where none is given."""


def main() -> None:
    """Print one line per batch size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("run", nargs="?", type=Path, help="the folder of a finished run")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each batch size")
    parser.add_argument("--threshold", type=float, help="in place of that of the record")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count the processor's seconds of this process, on one thread: where others share it",
    )
    given = parser.parse_args()
    if given.cpu_time:
        use_threads(1)
    register_schemas()
    if given.run is not None:
        show(given.run, given.threshold, given.seconds, given.device, cpu_time=given.cpu_time)
        return
    with tempfile.TemporaryDirectory() as results:
        run = compose(*TRAINED, f"results={results}")
        train(run)
        show(run.folder, given.threshold, given.seconds, given.device, cpu_time=given.cpu_time)


def show(
    folder: Path, threshold: float | None, seconds: float, device_name: str, *, cpu_time: bool
) -> None:
    """Time the cascade of a run by `confidence`, and print its ratios."""
    record = read_record_with_weights(folder)
    trained = read_run_weights(folder, record)
    spec = resolve(typed_config(record.config))
    device = choose_device(device_name)
    precision = use_precision("32", device)
    ensemble = trained.ensemble.to(device, precision.dtype)
    settings = choose_settings(spec.design.k, cascades_of(record, folder), threshold=threshold)
    images = load_images(spec).test.images
    normalise = trained.normalisation.on(device, precision.dtype)

    def batch_of(rows: Tensor) -> Tensor:
        return normalise(images[rows].to(device))

    found = measure_cascade_seconds(
        CascadeModels(
            cascade=Cascade(ensemble, settings).answer,
            whole=ensemble,
            single=single_network(spec, precision, device),
        ),
        len(images),
        batch_of,
        BATCH_SIZES,
        max_seconds=seconds,
        seed=spec.seed,
        clock=time.process_time if cpu_time else synchronised_clock(device),
    )
    design, k = record.design, spec.design.k
    print(
        f"{k} x {design.family} {design.depth}x{design.width}, {settings.rule} of "
        f"{settings.threshold:.4g} or more stops"
    )
    for one in found:
        print(line(one, k))
    counted = "the processor's time" if cpu_time else "wall time"
    print(conditions_text(describe_environment(device), counted))


def line(found: CascadeSeconds, k: int) -> str:
    """Write what was measured at one batch size, as one line."""
    cascade, whole, single = (
        1000 * np.mean(own) / found.batch_size for own in (found.cascade, found.whole, found.single)
    )
    ratios = predicted_ratios(found, k)
    lower, middle, upper = quantiles(ratios, method="inclusive")
    predicted = whole / k * found.mean_members
    times = f"cascade {cascade:.3g}, predicted {predicted:.3g}, whole {whole:.3g}"
    return (
        f"batch {found.batch_size}: {len(found.cascade)} batches, {found.mean_members:.2f} of {k} "
        f"members; mean ms per image: {times}, one network {single:.3g}; measured over predicted: "
        f"{cascade / predicted:.2f} of the means, {middle:.2f} ({lower:.2f}-{upper:.2f}) of each "
        f"batch"
    )


def predicted_ratios(found: CascadeSeconds, k: int) -> list[float]:
    """Return the seconds of each batch over those that its members asked predict.

    >>> found = CascadeSeconds(batch_size=1, num_images=2, members=[1.0, 4.0], cascade=[1.5, 4.0],
    ...     whole=[4.0, 4.0], single=[1.0, 1.0])
    >>> predicted_ratios(found, k=4)
    [1.5, 1.0]
    """
    return [
        own / (whole / k * members)
        for own, whole, members in zip(found.cascade, found.whole, found.members, strict=True)
    ]


if __name__ == "__main__":
    main()
