"""Compare this program's clocks with torch's benchmark utility, on a matrix product.

The same product is timed alternately as inference latency, as a training step, and by
`torch.utils.benchmark`. The results are ratios of this program's times to torch's in each round.
"""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING

import torch
from torch.utils.benchmark import Timer

from ensemble_switchover.design import ImageTask
from ensemble_switchover.measurement.environment import describe_environment
from ensemble_switchover.measurement.latency import TimedModel, measure_latencies
from ensemble_switchover.measurement.timing import MemberStopwatch, synchronised_clock
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = 15
SIZES = {"cpu": (256, 1024), "cuda": (1024, 8192)}
NUM_PRODUCTS = 20
"""The number of products in an epoch."""
TOLERANCE = 0.05


def by_torch(product: Timer) -> float:
    """Return the seconds of a product according to torch: the median over blocks of products."""
    return float(product.blocked_autorange(min_run_time=0.5).median)


def by_latency(matrix: Tensor, device: torch.device) -> float:
    """Return the seconds of a product, timed like the latency of a model."""
    (latency,) = measure_latencies(
        [TimedModel(model="run", execution="sequential", predict=lambda _: matrix @ matrix)],
        ImageTask(channels=1, size=1, num_classes=2),
        [1],
        device=device,
        dtype=matrix.dtype,
        max_seconds=60.0,
    )
    return latency.median_ms_per_image / 1000


def by_stopwatch(matrix: Tensor, device: torch.device) -> float:
    """Return the seconds of a product, timed like the training seconds of an epoch."""
    stopwatch = MemberStopwatch(1, synchronised_clock(device))
    stopwatch.start()
    for _ in range(NUM_PRODUCTS):
        torch.mm(matrix, matrix)
    stopwatch.split((0,))
    return stopwatch.seconds[0] / NUM_PRODUCTS


def main() -> None:
    """Print one line per size and clock."""
    device = choose_device("auto")
    for size in SIZES["cuda" if device.type == "cuda" else "cpu"]:
        matrix = torch.randn(size, size, device=device)
        product = Timer("matrix @ matrix", globals={"matrix": matrix}, num_threads=1)
        torch.set_num_threads(1)
        ratios: dict[str, list[float]] = {"latency": [], "epoch": []}
        by_latency(matrix, device)
        for _ in range(ROUNDS):
            reference = by_torch(product)
            ratios["latency"].append(by_latency(matrix, device) / reference)
            ratios["epoch"].append(by_stopwatch(matrix, device) / reference)
        for name, values in ratios.items():
            lower, middle, upper = quantiles(values, method="inclusive")
            verdict = "agree" if abs(middle - 1) <= TOLERANCE else "DISAGREE"
            print(
                f"{size} x {size}, {name:7} {middle:.3f} ({lower:.3f}-{upper:.3f}) of torch's "
                f"{1000 * reference:.3g} ms: {verdict} within {TOLERANCE:.0%}"
            )
    environment = describe_environment(device)
    print(f"{environment.device_name}, torch {torch.__version__}, load {environment.host_load}")


if __name__ == "__main__":
    main()
