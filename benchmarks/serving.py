"""A trained ensemble served every way against one member after another, by turns.

A figure is by how many times a way is quicker: above 1 is quicker.
"""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch

from benchmarks.execution import K, resolve_case
from ensemble_switchover.config.schema import register_schemas
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.runner.final_measurements import contenders
from ensemble_switchover.training.build import build_ensemble
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Sequence

NETWORKS = {
    "cpu": ("resnet 20x16", "densenet 40x12", "wide_resnet 16x2"),
    "cuda": ("resnet 56x16", "densenet 100x12", "wide_resnet 28x8"),
}
BATCH_SIZES = (1, 32, 128)
ROUNDS, WARM_UP_ROUNDS = 11, 2


def compare(ours: Sequence[float], other: Sequence[float]) -> str:
    """Tell by how many times a way is quicker, with quartiles over the rounds."""
    lower, middle, upper = quantiles(
        [one / two for one, two in zip(ours, other, strict=True)], method="inclusive"
    )
    return f"{middle:.2f} ({lower:.2f}-{upper:.2f})"


def main() -> None:
    """Print a line a network and a batch size."""
    register_schemas()
    device = choose_device("auto")
    precision = use_precision("32", device)
    clock = synchronised_clock(device)
    for network in NETWORKS["cuda" if device.type == "cuda" else "cpu"]:
        family, budget = network.split()
        words = f"arch={family} budget.network={budget} budget.source=nearest design=deq k={K}"
        spec = resolve_case(words, device)
        ensemble = build_ensemble(spec).to(device, precision.dtype)
        plans = contenders(spec, ensemble, precision, device)
        for batch_size in BATCH_SIZES:
            shape = (batch_size, spec.task.channels, spec.task.size, spec.task.size)
            images = torch.randn(shape, device=device)
            seconds: list[list[float]] = [[] for _ in plans]
            with torch.inference_mode():
                for number in range(WARM_UP_ROUNDS + ROUNDS):
                    for plan, own in zip(plans, seconds, strict=True):
                        begin = clock()
                        plan.predict(images)
                        if number >= WARM_UP_ROUNDS:
                            own.append(clock() - begin)
            others = zip(plans[1:], seconds[1:], strict=True)
            shown = [
                f"{'one network' if plan.model == 'single' else plan.execution} "
                f"{compare(seconds[0], own)}"
                for plan, own in others
            ]
            print(
                f"{K} x {family} {spec.design.depth}x{spec.design.width}, batch {batch_size}: "
                f"sequential {1000 * median(seconds[0]):.3g} ms; {', '.join(shown)}"
            )
    environment = describe_environment(device)
    print(
        f"{environment.device_name}, {environment.num_threads} threads, torch {torch.__version__}, "
        f"load {environment.host_load}"
    )


if __name__ == "__main__":
    main()
