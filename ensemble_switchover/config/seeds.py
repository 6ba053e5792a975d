"""Independent streams of random numbers for every member: initialisation, order, augmentation.

A member's stream depends on its own seed, the purpose of the stream and the epoch, and on nothing
else: not on the other members, the execution, the number of workers, or a restart.
"""

from __future__ import annotations

from enum import Enum

MAX_MEMBERS = 64
MAX_SEED = 2**53 - 1
"""The largest whole number that every reader of JSON keeps as it is; the seeds of members, 64 times
as large, still fit the 64 bits of torch and of a table's column."""


class Stream(Enum):
    """The purpose of a stream of random numbers."""

    INITIALISATION = 0
    ORDER = 1
    AUGMENTATION = 2
    LAYERS = 3
    """Layers that draw random numbers in training, such as dropout."""
    MIXING = 4
    """Mixup and cutmix."""


def member_seeds(seed: int, k: int) -> list[int]:
    """Return the seeds of the k members of a run; runs of different seeds share none.

    >>> member_seeds(0, 4), member_seeds(1, 2)
    ([0, 1, 2, 3], [64, 65])
    """
    return [seed * MAX_MEMBERS + member for member in range(k)]


def stream_seed(member_seed: int, stream: Stream, epoch: int = 0) -> int:
    """Return the 63-bit seed of one stream of one member at one epoch (counted from 0)."""
    import numpy as np  # plans, which should start quickly, need only the members' seeds

    sequence = np.random.SeedSequence([member_seed, stream.value, epoch])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
