"""How long a run waits for its images: at the start, and in every training step.

Start-up is measured on a cached set of CIFAR's size, made of noise. The share of a step is that of
fetching, augmenting and standardising a batch in a plain loop over the steps; the clock waits for
the device before and after, so on an accelerator, which would do both at once, it is an upper
bound. The first epoch is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import conf_folder, register_schemas, typed
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.batches import TrainingBatches
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.build import assemble, load_images
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import FLOAT32, use_precision

if TYPE_CHECKING:
    import torch

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import DatasetConfig

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
    """Images of CIFAR's number and size without a download."""

    def identity(self, config: DatasetConfig, root: Path) -> str:
        """Name the one set there is."""
        return "noise"

    def decode(self, config: DatasetConfig, root: Path) -> DatasetArrays:
        """Draw the images."""
        generator = np.random.default_rng(0)
        shape = (config.train_images + config.test_images, 3, 32, 32)
        images = generator.integers(0, 256, shape, dtype=np.uint8)
        labels = np.arange(len(images)) % config.num_classes
        split = config.train_images
        names = tuple(str(label) for label in range(config.num_classes))
        return DatasetArrays(images[:split], labels[:split], images[split:], labels[split:], names)


def resolve_case(words: tuple[str, ...], cache: Path) -> RunSpec:
    """Resolve the words of a run whose decoded images are kept in `cache`."""
    overrides = [*words, "execution=sequential", f"epochs={EPOCHS}", f"dataset.cache='{cache}'"]
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return resolve(typed(compose("config", overrides=overrides)))


def start_seconds(spec: RunSpec, train_size: int) -> float:
    """Return the seconds from nothing to normalised images."""
    start = perf_counter()
    split = load_dataset(spec.dataset, train_size, spec.test_size)
    Normalisation.of_set(split.train)
    return perf_counter() - start


def data_shares(spec: RunSpec, device: torch.device) -> list[float]:
    """Return the percentage of every epoch but the first that went into getting batches."""
    module, data = assemble(spec, requested_plan(spec), load_images(spec), FLOAT32)
    members = [member.to(device).train() for member in module.ensemble.members]
    optimizers = module.configure_optimizers()
    epoch = 0
    batches = TrainingBatches(
        data.split.train.to(device),
        groups=data.groups,
        member_seeds=data.member_seeds,
        batch_size=data.batch_size,
        augmentation=data.augmentation,
        normalisation=data.normalisation,
        dtype=data.dtype,
        epoch=lambda: epoch,
    )
    clock = synchronised_clock(device)
    shares = []
    for epoch in range(spec.recipe.epochs):  # noqa: B007 the batches ask for it
        waited, start = 0.0, clock()
        iterator = iter(batches)
        while True:
            asked = clock()
            batch = next(iterator, None)
            waited += clock() - asked
            if batch is None:
                break
            (member,) = batch.members
            loss = functional.cross_entropy(members[member](batch.images[0]), batch.labels[0])
            optimizers[member].zero_grad()
            loss.backward()
            optimizers[member].step()
        shares.append(100 * waited / (clock() - start))
    return shares[1:]


def add_row(table: Table, name: str, values: list[float], goal: str) -> None:
    """Add median and quartiles."""
    lower, _, upper = quantiles(values, method="inclusive")
    table.add_row(name, f"{median(values):.3g}", f"{lower:.3g} to {upper:.3g}", goal)


def main() -> None:
    """Print two tables."""
    register_schemas()
    device = choose_device("auto")
    use_precision("32", device)
    console = Console(width=110)
    SOURCES["cifar10"] = Noise()
    with TemporaryDirectory() as folder:
        spec = resolve_case(("dataset=cifar10",), Path(folder))
        table = Table(title="Seconds of start-up on 60,000 images of 3x32x32, imports left out")
        for column in ("what", "median, s", "quartiles", "goal"):
            table.add_column(column, justify="left" if column == "what" else "right")
        first = start_seconds(spec, spec.train_size)
        table.add_row("the first time, decoded images written", f"{first:.3g}", "", "")
        for name, size in (("cached, all", 50_000), ("cached, a subset of 45,000", 45_000)):
            values = [start_seconds(spec, size) for _ in range(REPEATS)]
            add_row(table, name, values, f"{START_GOAL_SECONDS:g}")
        console.print(table)
        table = Table(title="Share of a training step that goes into its images")
        for column in ("run", "median, %", "quartiles", "goal"):
            table.add_column(column, justify="left" if column == "run" else "right")
        for words in CASES:
            spec = resolve_case(words, Path(folder))
            shares = data_shares(spec, device)
            add_row(table, " ".join(words), shares, f"{SHARE_GOAL_PERCENT[device.type]}")
        console.print(table)
    environment = describe_environment(device)
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    console.print(
        f"{environment.device_name}, {environment.num_threads} threads; {REPEATS} starts, "
        f"{EPOCHS - 1} epochs\n"
        f"{versions}\n{datetime.now(UTC):%Y-%m-%d}, load {environment.host_load}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
