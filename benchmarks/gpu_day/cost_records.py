"""The paper's cost claims as records: short runs of rows of Tables B to D through the program.

The images are fractals, which need no download; there are few, as an epoch's seconds are asked for
and no error. A record has the seconds of an epoch, the inference, the memory, the cascade's time.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_day.item import Item, Stage
from ensemble_switchover import compose, train
from ensemble_switchover.config.execution_plan import SEQUENTIAL, WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.gpu_day.item import Circumstances, Settings

RUNS_FOLDER = "runs"
"""The `results=` of all runs of a day."""
COSTS_STUDY = "costs"
ROWS = {
    False: (
        ("C", "resnet", "50x16"), ("D", "wide_resnet", "28x8"), ("B", "densenet", "64x12"),
        ("C", "resnet", "26x48"), ("D", "wide_resnet", "28x4"), ("B", "densenet", "40x48"),
    ),
    True: (("C", "resnet", "8x8"),),
}  # fmt: skip
"""Table, family and single network, the first to be measured first."""
SIZES = {
    False: (
        "dataset.train_images=3200", "dataset.test_images=1024", "epochs=3", "k=4",
        "budget.source=published", "measurement.latency_batch_sizes=[1,128]",
        "measurement.latency_seconds=0.4",
    ),
    True: (
        "dataset.train_images=48", "dataset.test_images=32", "epochs=2", "k=2",
        "budget.source=nearest", "measurement.latency_batch_sizes=[4]", "threads=1",
        "measurement.latency_seconds=0.01", "recipe.batch_size=16",
    ),
}  # fmt: skip
DESIGNS = ("single", "deq", "weq")


def measure_run(
    family: str, network: str, design: str, execution: str, here: Circumstances
) -> dict[str, Any]:
    """Train a run, or read its record, and return what it says of costs."""
    # a single network has no k of an ensemble
    sizes = [one for one in SIZES[here.tiny] if design != "single" or not one.startswith("k=")]
    overrides = (
        f"arch={family}", f"budget.network={network}", f"design={design}",
        f"execution={execution}", "dataset=fractals", "logger=none",
        "measurement.layer_repeats=0", "record.weights=false", "retry=failed",
        f"study={COSTS_STUDY}", f"results={here.folder / RUNS_FOLDER}", *sizes,
    )  # fmt: skip
    record = train(compose(*overrides), progress=False)
    timed = [epoch for epoch in record.epochs if not epoch.warm_up]
    return {
        "record": record.name, "depth": record.design.depth, "width": record.design.width,
        "k": record.design.k, "parameters": record.design.parameters,
        "execution": record.environment.execution, "steps": -(
            -record.dataset.train_size // record.recipe.batch_size
        ),
        "batch_size": record.recipe.batch_size,
        "epoch_seconds": median(epoch.training_seconds for epoch in timed),
        "peak_device_bytes": max(epoch.peak_device_bytes or 0 for epoch in timed) or None,
        "latencies": [
            {
                "model": one.model, "execution": one.execution, "batch_size": one.batch_size,
                "ms_per_image": one.median_ms_per_image,
            }
            for one in record.latencies
        ],
        "cascade": [
            {"batch_size": one.batch_size, "ms_per_image": one.cascade.mean_ms_per_image}
            for one in record.cascade_latencies
        ],
        "disturbances": record.environment.disturbances,
    }  # fmt: skip


def _items(settings: Settings) -> Iterator[Item]:
    for table, family, network in ROWS[settings.tiny]:
        for execution in (SEQUENTIAL, *WITHIN[1:]):
            for design in DESIGNS if execution == SEQUENTIAL else DESIGNS[1:]:
                name = cost_item(table, family, network, design, execution)
                measure = partial(measure_run, family, network, design, execution)
                yield Item(name, measure, limit_seconds=60)


def cost_item(table: str, family: str, network: str, design: str, execution: str) -> str:
    """Name the measurement of a run, such as `costs: table C, resnet 50x16 deq, sequential`."""
    return f"costs: table {table}, {family} {network} {design}, {execution}"


def make_stage(settings: Settings) -> Stage:
    """Make the stage: the paper's way of all designs of a row, then the package's others."""
    return Stage("costs", 0.15, tuple(_items(settings)))
