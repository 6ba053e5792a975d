"""How many members of a fused group are evaluated at once, so that a CPU's cache is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.data.datamodule import EVALUATION_BATCH_SIZE

if TYPE_CHECKING:
    import torch

    from ensemble_switchover.config.run_spec import RunSpec

CACHED_BYTES = 5 * 2**19
"""Size of the largest activation that is evaluated quickly, of all members at once. With more, 16
fused ResNets on 8x8 pixels took 1.2 to 1.5 times as long."""
MOST_MEMBERS = 4
"""Members at once at most: more gain nothing on 256 images."""


def evaluated_at_once(spec: RunSpec, device: torch.device) -> int | None:
    """Return how many members of a fused group predict at once: 1, 2 or 4; None for all.

    Args:
        spec: A run, for its networks.
        device: The device; what is not a CPU takes all.
    """
    if device.type != "cpu":
        return None
    design = spec.design
    trace = spec.family.trace(design.depth, design.width, spec.task)
    largest = max(operation.output_shape.elements for operation in trace)
    item_bytes = 8 if spec.precision == "64" else 4
    number = MOST_MEMBERS
    while number > 1 and number * EVALUATION_BATCH_SIZE * largest * item_bytes > CACHED_BYTES:
        number //= 2
    return number
