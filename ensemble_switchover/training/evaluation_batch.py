"""The images that many members are evaluated on at once, so that a CPU's cache is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.data.datamodule import EVALUATION_BATCH_SIZE

if TYPE_CHECKING:
    import torch

    from ensemble_switchover.config.run_spec import RunSpec

CACHED_BYTES = 2 * 2**20
"""Size of the largest activation that is evaluated quickly: about the cache of a core. Of 16 fused
ResNets on 8x8 pixels, two to four times as much takes 1.2 to 1.5 times as long an image."""
LEAST_IMAGES = 32
"""Fewer images at once are slow again."""


def evaluation_batch_size(spec: RunSpec, num_members: int, device: torch.device) -> int:
    """Return how many images the members of a fused group predict at once: a power of two.

    Args:
        spec: A run, for its networks.
        num_members: Members of the group.
        device: The device; what is not a CPU takes `EVALUATION_BATCH_SIZE`.
    """
    if device.type != "cpu":
        return EVALUATION_BATCH_SIZE
    design = spec.design
    trace = spec.family.trace(design.depth, design.width, spec.task)
    largest = max(operation.output_shape.elements for operation in trace)
    item_bytes = 8 if spec.precision == "64" else 4
    size = EVALUATION_BATCH_SIZE
    while size > LEAST_IMAGES and size * num_members * largest * item_bytes > CACHED_BYTES:
        size //= 2
    return size
