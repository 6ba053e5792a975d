"""What an ensemble would answer after each member, by any order of them, without its classes.

From here on nothing needs the probabilities, which may be many: 8 members, 50,000 images and 1,000
classes are 1.6 GB. They are read some images at a time.

Dimensions: k members, N images, C classes, B images at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.cascade.exit_rules import require_order, second_largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule

_BLOCK_BYTES = 32 * 2**20
"""Size of the arrays that are held at a time beside the predictions, about."""


@dataclass(frozen=True, slots=True)
class CascadeAnswers:
    """The answers of an ensemble after each of its members, asked in one order."""

    scores: dict[ExitRule, NDArray[np.float32]]
    """Exit rule -> `(k, N)` scores after each member."""
    errors: NDArray[np.bool_]
    """(k, N) whether the mean so far errs."""
    nll_nats: NDArray[np.float32]
    """(k, N) negative log-likelihood of the mean so far; infinite where it has no probability."""

    @property
    def num_images(self) -> int:
        """N."""
        return int(self.errors.shape[1])


def answers_in_orders(
    log_probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    orders: Sequence[Sequence[int]],
) -> list[CascadeAnswers]:
    """Return what the ensemble answers after each member, for each of some orders.

    Orders share what they have in common: which members were asked decides, not in which order.
    The first order's sums are added in its own order, as serving adds them.

    Args:
        log_probabilities: Of every member, `(k, N, C)`; minus infinity for no probability.
        labels: True classes, `(N,)`.
        orders: Orders of all members, counted from 0; at least one.

    Raises:
        ValueError: if one is no order of all members.
    """
    k, num_images, num_classes = log_probabilities.shape
    for order in orders:
        require_order(order, k)
    levels = [list(dict.fromkeys(frozenset(order[: m + 1]) for order in orders)) for m in range(k)]
    found = {asked: _empty(num_images) for level in levels for asked in level}
    widest = max(len(level) for level in levels)
    block = max(1, _BLOCK_BYTES // (4 * num_classes * (k + 2 * widest + 2)))
    for start in range(0, num_images, block):
        part = slice(start, start + block)
        _fill(found, log_probabilities[:, part], labels[part], orders, part)
    _fill_nll(found, log_probabilities, labels)
    return [_gather([found[frozenset(order[: m + 1])] for m in range(k)]) for order in orders]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer of the mean of some members."""

    confidence: NDArray[np.float32]
    margin: NDArray[np.float32]
    errors: NDArray[np.bool_]
    nll_nats: NDArray[np.float32]


def _empty(num_images: int) -> _Answer:
    number = np.empty(num_images, dtype=np.float32)
    return _Answer(number, number.copy(), np.empty(num_images, dtype=np.bool_), number.copy())


def _fill(
    found: dict[frozenset[int], _Answer],
    log_probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    orders: Sequence[Sequence[int]],
    part: slice,
) -> None:
    """Fill in scores and errors of some images, one number of members asked after another."""
    probabilities = np.exp(log_probabilities.astype(np.float32))
    sums: dict[frozenset[int], NDArray[np.float32]] = {}
    for m in range(len(probabilities)):
        before, sums = sums, {}
        for order in orders:
            asked, member = frozenset(order[: m + 1]), order[m]
            if asked in sums:
                continue
            former = before.get(asked - {member})
            added = probabilities[member]
            sums[asked] = added if former is None else former + added
            mean = sums[asked] / np.float32(m + 1)
            answer, chosen = found[asked], mean.argmax(axis=1)
            largest = np.take_along_axis(mean, chosen[:, None], axis=1)[:, 0]
            answer.confidence[part] = largest
            answer.margin[part] = largest - second_largest(mean, chosen)
            answer.errors[part] = chosen != labels


def _fill_nll(
    found: dict[frozenset[int], _Answer],
    log_probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
) -> None:
    """Fill in the NLL, from the logarithms, so that small probabilities do not vanish."""
    of_label = np.take_along_axis(log_probabilities, labels[None, :, None].astype(np.intp), axis=2)
    logs = of_label[:, :, 0].astype(np.float64)
    for asked, answer in found.items():
        mean = np.logaddexp.reduce(logs[sorted(asked)], axis=0) - np.log(len(asked))
        answer.nll_nats[:] = np.maximum(-mean, 0.0)


def _gather(answers: Sequence[_Answer]) -> CascadeAnswers:
    return CascadeAnswers(
        scores={
            "confidence": np.stack([answer.confidence for answer in answers]),
            "margin": np.stack([answer.margin for answer in answers]),
        },
        errors=np.stack([answer.errors for answer in answers]),
        nll_nats=np.stack([answer.nll_nats for answer in answers]),
    )
