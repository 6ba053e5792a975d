"""Compare an epoch of Lightning with a bare PyTorch loop of the same steps on the same batches.

Once with a whole epoch of a member at once (`trainer.steps_at_once=auto`), and once step by step.

All are timed alternately by the same clock, in seconds of training per epoch. Evaluation, set-up
and the first epoch of each are left out.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from benchmarks.common import batches_on, conditions_text, resolve_overrides
from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.config.trainer_flags import TrainerConfig
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.assemble import assemble, load_images
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.fit import fit
from ensemble_switchover.training.precision import FLOAT32, use_precision

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from ensemble_switchover.config.run_spec import RunSpec

ROUNDS = 5
EPOCHS = 6
GOAL = 1.1
STEPS_AT_ONCE = ("auto", "1")
CASES = (
    ("arch=resnet", "design=single", "budget.depth=26", "budget.width=2"),
    ("arch=resnet", "design=single", "budget.depth=26", "budget.width=16"),
    ("arch=resnet", "design=deq", "k=4", "budget.depth=26", "budget.width=16"),
    ("arch=resnet", "design=weq", "k=4", "budget.depth=26", "budget.width=16"),
    ("arch=densenet", "design=single", "budget.depth=22", "budget.width=8"),
    ("arch=wide_resnet", "design=single", "budget.depth=16", "budget.width=2"),
)


class EpochClock(lightning.Callback):
    """Reads the clock at the start of every epoch and at the end of the last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.readings: list[float] = []

    def on_train_epoch_start(self, *_: Any) -> None:
        self.readings.append(self.clock())

    def on_train_end(self, *_: Any) -> None:
        self.readings.append(self.clock())


def with_lightning(spec: RunSpec, device: torch.device, steps_at_once: str) -> list[float]:
    """Return the seconds of every epoch of Lightning after the first."""
    module, datamodule = assemble(spec, requested_plan(spec), load_images(spec), FLOAT32)
    clock = EpochClock(synchronised_clock(device))
    flags = TrainerConfig(steps_at_once=steps_at_once)
    fit(module, datamodule, spec.recipe.epochs, device, [clock], evaluate=False, flags=flags)
    return differences(clock.readings)[1:]


def with_a_bare_loop(spec: RunSpec, device: torch.device) -> list[float]:
    """Return the seconds of every epoch of a plain loop after the first."""
    module, data = assemble(spec, requested_plan(spec), load_images(spec), FLOAT32)
    members = [member.to(device).train() for member in module.ensemble.members]
    optimizers = module.configure_optimizers()
    epoch = 0
    batches = batches_on(device, data, lambda: epoch)
    clock = synchronised_clock(device)
    readings = [clock()]
    for epoch in range(spec.recipe.epochs):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = spec.recipe.learning_rate_at(epoch)
        for group, images, labels in batches:
            (member,) = group
            loss = functional.cross_entropy(members[member](images[0]), labels[0])
            optimizers[member].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizers[member].step()
        readings.append(clock())
    return differences(readings)[1:]


def differences(readings: list[float]) -> list[float]:
    """Return the seconds between consecutive readings."""
    return [after - before for before, after in pairwise(readings)]


def main() -> None:
    """Print a table with a row for each case and number of steps at once."""
    register_schemas()
    device = choose_device("auto")
    use_precision("32", device)
    environment = describe_environment(device)
    table = Table(title="Seconds of training per epoch: Lightning and a bare loop")
    table.add_column("run")
    for column in ("steps at once", "bare loop, s", "Lightning, s", "ratio", "quartiles"):
        table.add_column(column, justify="right")
    for overrides in CASES:
        spec = resolve_overrides([*overrides, "execution=sequential", f"epochs={EPOCHS}"])
        bare: list[float] = []
        full: dict[str, list[float]] = {steps: [] for steps in STEPS_AT_ONCE}
        for _ in range(ROUNDS):
            bare.append(median(with_a_bare_loop(spec, device)))
            for steps, seconds in full.items():
                seconds.append(median(with_lightning(spec, device, steps)))
        design = spec.design
        for steps, seconds in full.items():
            ratios = [one / other for one, other in zip(seconds, bare, strict=True)]
            lower, middle, upper = quantiles(ratios, method="inclusive")
            table.add_row(
                f"{spec.family.name} {design.depth}x{design.width} k={design.k}",
                steps,
                f"{median(bare):.4f}",
                f"{median(seconds):.4f}",
                f"{middle:.3f}",
                f"{lower:.3f} to {upper:.3f}",
            )
    console = Console(width=110)
    console.print(table)
    details = (
        "digits (300 images, batch size 64)",
        f"{ROUNDS} rounds of {EPOCHS} epochs, medians; goal {GOAL}",
    )
    console.print(conditions_text(environment, *details), highlight=False)


if __name__ == "__main__":
    main()
