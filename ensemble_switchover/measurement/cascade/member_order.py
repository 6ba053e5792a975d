"""Orders of members: which is asked first, and which others are tried to see what it changes.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_ORDERS = 24
"""Orders that are tried: all of up to 4 members, a seeded sample of more."""
_ORDER_SEED = 0


def order_by_error(
    log_probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> list[int]:
    """Return the members by their errors on held-out images, the best first.

    Equal ones stay as they were trained.

    Args:
        log_probabilities: Of every member, `(k, N, C)`; probabilities give the same.
        labels: True classes, `(N,)`.
    """
    errors = [int((member.argmax(axis=1) != labels).sum()) for member in log_probabilities]
    return sorted(range(len(errors)), key=errors.__getitem__)


def orders_to_try(order: list[int]) -> list[list[int]]:
    """Return an order and others of the same members: all, or a seeded sample of `MAX_ORDERS`.

    >>> orders_to_try([1, 0])
    [[1, 0], [0, 1]]
    >>> len(orders_to_try([0, 1, 2, 3])), len(orders_to_try([0, 1, 2, 3, 4]))
    (24, 24)
    """
    if math.factorial(len(order)) <= MAX_ORDERS:
        return [order, *(list(p) for p in permutations(sorted(order)) if list(p) != order)]
    generator = np.random.default_rng(_ORDER_SEED)
    found = [order]
    while len(found) < MAX_ORDERS:
        drawn = generator.permutation(len(order)).tolist()
        if drawn not in found:
            found.append(drawn)
    return found
