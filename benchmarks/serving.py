"""Compare the executions of a trained ensemble's prediction with one member after another.

All are timed alternately; a number is how many times as fast an execution is, so above 1 is faster.
"""

from __future__ import annotations

from statistics import median

import torch

from benchmarks.common import ratio_text
from benchmarks.execution import K, resolve_case
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.runner.final_measurements import models
from ensemble_switchover.training.assemble import build_ensemble
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import use_precision

NETWORKS = {
    "cpu": ("resnet 20x16", "densenet 40x12", "wide_resnet 16x2"),
    "cuda": ("resnet 56x16", "densenet 100x12", "wide_resnet 28x8"),
}
BATCH_SIZES = (1, 32, 128)
ROUNDS, WARM_UP_ROUNDS = 11, 2


def main() -> None:
    """Print one line per network and batch size."""
    register_schemas()
    device = choose_device("auto")
    precision = use_precision("32", device)
    clock = synchronised_clock(device)
    for network in NETWORKS["cuda" if device.type == "cuda" else "cpu"]:
        family, budget = network.split()
        design = f"arch={family} budget.network={budget} budget.source=nearest design=deq k={K}"
        spec = resolve_case(design, device)
        ensemble = build_ensemble(spec).to(device, precision.dtype)
        timed = models(spec, ensemble, precision, device)
        for batch_size in BATCH_SIZES:
            shape = (batch_size, spec.task.channels, spec.task.size, spec.task.size)
            images = torch.randn(shape, device=device)
            seconds: list[list[float]] = [[] for _ in timed]
            with torch.inference_mode():
                for number in range(WARM_UP_ROUNDS + ROUNDS):
                    for model, times in zip(timed, seconds, strict=True):
                        begin = clock()
                        model.predict(images)
                        if number >= WARM_UP_ROUNDS:
                            times.append(clock() - begin)
            shown = [
                f"{'one network' if model.model == 'single' else model.execution} "
                f"{ratio_text(seconds[0], times)}"
                for model, times in zip(timed[1:], seconds[1:], strict=True)
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
