"""A step of a whole ensemble by each execution, against one after another and one network.

All sides alternate step by step in one process, on images of noise; a line's figures are ratios to
`sequential` of the same round: above 1 is quicker. Compilation and warm-up are left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from ensemble_switchover import run
from ensemble_switchover.cell import Cell, resolve
from ensemble_switchover.config import conf_folder, register_schemas, typed
from ensemble_switchover.data.batches import Normalisation, TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import make_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, WARM_UP_ROUNDS = 7, 2
PREDICTED_IMAGES = 128
BUDGETS = {
    "cpu": (
        "dataset=digits arch=resnet budget.network=26x16",
        "dataset=cifar10 arch=resnet budget.network=26x16",
        "dataset=cifar10 arch=densenet budget.network=22x12",
        "dataset=digits arch=wide_resnet budget.network=28x4",
    ),
    "cuda": (
        "dataset=cifar10 arch=resnet budget.network=56x16",
        "dataset=cifar10 arch=densenet budget.network=100x12",
        "dataset=cifar10 arch=wide_resnet budget.network=28x8",
    ),
}
CLASSES = ("deq", "weq")
SMALL_BATCH = {"cpu": 32, "cuda": 128}


class Side:
    """One way to train and to predict with one design."""

    def __init__(self, cell: Cell, device: torch.device) -> None:
        design, recipe, task = cell.design, cell.recipe, cell.task
        seeds = cell.member_seeds
        ensemble = Ensemble.build(cell.family, design.depth, design.width, task, seeds).to(device)
        members = list(ensemble.members)
        optimizers = [make_optimizer(member, recipe) for member in members]
        self.ensemble = ensemble
        self.execution = EXECUTIONS[cell.execution](members, optimizers, device)
        num_images = (ROUNDS + WARM_UP_ROUNDS) * recipe.batch_size
        shape = (num_images, task.channels, task.size, task.size)
        noise = ImageSet(
            torch.randint(0, 256, shape, dtype=torch.uint8),
            torch.randint(0, task.num_classes, (num_images,)),
        ).to(device)
        self.images = torch.randn((PREDICTED_IMAGES, *shape[1:]), device=device)
        self.batches = {
            group: iter(
                TrainingBatches(
                    noise,
                    groups=(group,),
                    member_seeds=seeds,
                    batch_size=recipe.batch_size,
                    augmentation=run.augmentation_of(cell),
                    normalisation=Normalisation.of(noise.images),
                    dtype=torch.float32,
                    epoch=lambda: 0,
                )
            )
            for group in self.execution.groups(design.k)
        }

    def step(self) -> None:
        """Take one step of every member."""
        self.ensemble.train()
        for group, batches in self.batches.items():
            if not self.execution.is_ready(group):
                self.execution.prepare(group)
            batch = next(batches)
            self.execution.train_step(group, batch.images, batch.labels)

    def predict(self) -> None:
        """Predict images with all members."""
        self.ensemble.eval()
        with torch.inference_mode():
            for group in self.batches:
                if not self.execution.is_ready(group):
                    self.execution.prepare(group)
                self.execution.logits(group, self.images)


def resolve_case(words: str, device: torch.device) -> Cell:
    """Resolve the words of a run."""
    batch = f"recipe.batch_size={SMALL_BATCH[device.type]}"
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return resolve(typed(compose("config", overrides=[*words.split(), batch])))


def alternate(
    sides: dict[str, Callable[[], None]], clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Time all sides in turn, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for round_number in range(WARM_UP_ROUNDS + ROUNDS):
        for name, body in sides.items():
            start = clock()
            body()
            elapsed = clock() - start
            if round_number >= WARM_UP_ROUNDS:
                seconds[name].append(elapsed)
    return seconds


def ratio(reference: list[float], other: list[float]) -> str:
    """Tell by how much another side is quicker, with the quartiles over the rounds."""
    ratios = [one / two for one, two in zip(reference, other, strict=True)]
    lower, middle, upper = quantiles(ratios, method="inclusive")
    return f"{middle:.2f} ({lower:.2f} to {upper:.2f})"


def main() -> None:
    """Print one table, two lines a design: training and inference."""
    register_schemas()
    device = run.choose_device("auto")
    run.set_precision("32", device)
    environment = describe_environment(device)
    others = [name for name in EXECUTIONS if name != "sequential"]
    table = Table(title="A step of the whole ensemble, k = 4: quicker than sequential by")
    for column in ("design", "what", "sequential, ms", *others, "one network of the budget"):
        table.add_column(column, justify="left" if column in {"design", "what"} else "right")
    clock = synchronised_clock(device)
    for words in BUDGETS["cuda" if device.type == "cuda" else "cpu"]:
        for design_class in CLASSES:
            sides = {
                name: Side(
                    resolve_case(f"{words} design={design_class} k=4 execution={name}", device),
                    device,
                )
                for name in EXECUTIONS
            }
            single = resolve_case(f"{words} design=single", device)
            sides["single"] = Side(single, device)
            cell = resolve_case(f"{words} design={design_class} k=4", device)
            title = f"{cell.family.name} {single.design.depth}x{single.design.width}"
            title += f" {design_class} {cell.design.depth}x{cell.design.width}, {cell.task.size} px"
            for what in ("step", "predict"):
                bodies = {name: getattr(side, what) for name, side in sides.items()}
                seconds = alternate(bodies, clock)
                table.add_row(
                    title,
                    "training" if what == "step" else "inference",
                    f"{1000 * median(seconds['sequential']):.3g}",
                    *(ratio(seconds["sequential"], seconds[name]) for name in [*others, "single"]),
                )
    console = Console(width=120)
    console.print(table)
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    console.print(
        f"{environment.device_name}, {environment.num_threads} threads, batch size "
        f"{SMALL_BATCH['cuda' if device.type == 'cuda' else 'cpu']}, inference of "
        f"{PREDICTED_IMAGES} images, {ROUNDS} rounds, medians and quartiles\n"
        f"{versions}\n{datetime.now(UTC):%Y-%m-%d}, load {environment.host_load}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
