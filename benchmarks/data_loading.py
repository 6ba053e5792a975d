"""Measure how long a run waits for its images, at the start and in every training step.

Start-up is measured on a cached data set of CIFAR's size, made of noise. In a plain training loop,
the share of gathering, augmenting and normalising a batch is measured; the clock waits for the
device before and after, so the share is an upper bound on an accelerator, which does both at the
same time. The first epoch is left out.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from benchmarks.common import batches_on, conditions_text, resolve_overrides
from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.assemble import assemble, load_images
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import FLOAT32, use_precision

if TYPE_CHECKING:
    import torch

    from ensemble_switchover.config.dataset_config import DatasetConfig
    from ensemble_switchover.config.run_spec import RunSpec

REPEATS = 7
EPOCHS = 6
START_GOAL_SECONDS = 1.0
SHARE_GOAL_PERCENT = {"cpu": 10, "cuda": 3, "mps": 3}
CASES = (
    ("dataset=digits", "budget.depth=26", "budget.width=8"),
    ("dataset=digits", "dataset.augmentation=standard", "budget.depth=26", "budget.width=8"),
    ("dataset=digits", "design=deq", "k=4", "budget.depth=26", "budget.width=16"),
    ("dataset=cifar10", "dataset.train_size=1280", "budget.depth=20", "budget.width=16"),
)


class Noise(DatasetSource):
    """The source of images of noise, of CIFAR's number and size."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Return `noise`: there are no options."""
        return "noise"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Draw the images at random."""
        generator = np.random.default_rng(0)
        shape = (config.train_images + config.test_images, 3, 32, 32)
        images = generator.integers(0, 256, shape, dtype=np.uint8)
        labels = np.arange(len(images)) % config.num_classes
        split = config.train_images
        names = tuple(str(label) for label in range(config.num_classes))
        return DatasetArrays(images[:split], labels[:split], images[split:], labels[split:], names)


def resolve_case(overrides: tuple[str, ...], cache: Path) -> RunSpec:
    """Resolve a run whose decoded images are cached in `cache`."""
    common = ("execution=sequential", f"epochs={EPOCHS}", f"dataset.cache='{cache}'")
    return resolve_overrides([*overrides, *common])


def start_seconds(spec: RunSpec, train_size: int) -> float:
    """Return the seconds to load the images and compute their normalisation."""
    start = perf_counter()
    split = load_dataset(spec.dataset, train_size, spec.test_size)
    Normalisation.of(split.train.images, split.train.moments)
    return perf_counter() - start


def data_shares(spec: RunSpec, device: torch.device) -> list[float]:
    """Return the percentage of every epoch after the first that was spent on making batches."""
    module, data = assemble(spec, requested_plan(spec), load_images(spec), FLOAT32)
    members = [member.to(device).train() for member in module.ensemble.members]
    optimizers = module.configure_optimizers()
    epoch = 0
    batches = batches_on(device, data, lambda: epoch)
    clock = synchronised_clock(device)
    shares = []
    for epoch in range(spec.recipe.epochs):  # noqa: B007 the batches read it
        waited, start = 0.0, clock()
        iterator = iter(batches)
        while True:
            requested = clock()
            batch = next(iterator, None)
            waited += clock() - requested
            if batch is None:
                break
            (member,) = batch.members
            loss = functional.cross_entropy(members[member](batch.images[0]), batch.labels[0])
            optimizers[member].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizers[member].step()
        shares.append(100 * waited / (clock() - start))
    return shares[1:]


def add_row(table: Table, name: str, values: list[float], goal: str) -> None:
    """Add a row with the median and quartiles of values."""
    lower, _, upper = quantiles(values, method="inclusive")
    table.add_row(name, f"{median(values):.3g}", f"{lower:.3g} to {upper:.3g}", goal)


def main() -> None:
    """Print a table of start-up times and one of shares of a training step."""
    register_schemas()
    device = choose_device("auto")
    use_precision("32", device)
    console = Console(width=110)
    SOURCES["cifar10"] = Noise()
    with TemporaryDirectory() as folder:
        spec = resolve_case(("dataset=cifar10",), Path(folder))
        table = Table(title="Seconds of start-up on 60,000 images of 3x32x32, without imports")
        for column in ("images", "median, s", "quartiles", "goal"):
            table.add_column(column, justify="left" if column == "images" else "right")
        first = start_seconds(spec, spec.train_size)
        table.add_row("first use, decoded images written", f"{first:.3g}", "", "")
        for name, size in (("cached, all", 50_000), ("cached, a subset of 45,000", 45_000)):
            values = [start_seconds(spec, size) for _ in range(REPEATS)]
            add_row(table, name, values, f"{START_GOAL_SECONDS:g}")
        console.print(table)
        table = Table(title="Share of a training step that is spent on its images")
        for column in ("run", "median, %", "quartiles", "goal"):
            table.add_column(column, justify="left" if column == "run" else "right")
        for overrides in CASES:
            shares = data_shares(resolve_case(overrides, Path(folder)), device)
            add_row(table, " ".join(overrides), shares, f"{SHARE_GOAL_PERCENT[device.type]}")
        console.print(table)
    details = (f"{REPEATS} starts", f"{EPOCHS - 1} epochs")
    console.print(conditions_text(describe_environment(device), *details), highlight=False)


if __name__ == "__main__":
    main()
