"""The least time of an epoch by the bytes that it moves: counted, not measured.

For 50,000 images of 3x32x32, batches of 128, an H200 of 4.3 TB/s and 790 TFLOP/s in bf16, training
with separate convolutions and everything between them fused into one pass over memory.
"""

from __future__ import annotations

import math
from typing import NamedTuple

FLOOR_DEVICE = "H200"


class Network(NamedTuple):
    """k networks of one shape."""

    family: str
    depth: int
    width: int
    k: int


class Floor(NamedTuple):
    """Seconds of an epoch."""

    bf16: float
    fp32: float


FLOORS = {
    Network("densenet", 100, 12, 1): Floor(4.02, 8.03),
    Network("densenet", 100, 6, 4): Floor(8.43, 16.9),
    Network("resnet", 56, 16, 1): Floor(0.19, 0.38),
    Network("resnet", 56, 8, 4): Floor(0.38, 0.77),
    Network("wide_resnet", 28, 8, 1): Floor(1.28, 1.54),  # bf16: bound by its matrix work
    Network("wide_resnet", 28, 4, 4): Floor(1.55, 3.04),
}


def step_floor_seconds(
    network: Network, precision: str, device_name: str, num_images: int, batch_size: int
) -> float | str:
    """Return the least seconds of a step of all k networks, or why there is no such figure.

    >>> seconds = step_floor_seconds(Network("resnet", 56, 8, 4), "bf16", "H200", 50_000, 128)
    >>> round(1000 * float(seconds), 3)
    0.972
    >>> step_floor_seconds(Network("resnet", 14, 16, 4), "32", "NVIDIA H200", 50_000, 128)
    'no floor was counted for 4 x 14x16'
    """
    if FLOOR_DEVICE not in device_name:
        return f"the floors are of an {FLOOR_DEVICE}"
    floor = FLOORS.get(network)
    if floor is None:
        return f"no floor was counted for {network.k} x {network.depth}x{network.width}"
    seconds = floor.bf16 if precision == "bf16" else floor.fp32  # tf32 moves float32's bytes
    return seconds / math.ceil(num_images / batch_size)
