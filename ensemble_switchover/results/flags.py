"""Flags of runs that learned nothing, or stopped to: they are named. A flag changes no number.

A run is flagged by itself, whatever others of its design did.

An error is at chance level where always naming the most frequent class would make as few errors or
fewer in more than 5 % of test sets as large: a one-sided binomial test does not tell them apart.
The share of the most frequent class is in the record; in those of before, classes are taken as
equally frequent.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary

CHANCE_PROBABILITY = 0.05
"""Probability up to which an error as low as that is not ascribed to chance."""
CONSTANT_LOSS_SHARE = 1e-3
"""Share of the first epoch's loss by which those of all others differ at most where it is called
constant."""
MIN_LOSSES = 3
"""Epochs of which at least the losses are compared."""
_NEGLIGIBLE = 12
"""Standard deviations from the mean beyond which a binomial distribution is left out."""


def flags_of_run(record: Record) -> str:
    """Return the flags of a run with its epochs, in words; an empty text for none."""
    last, error = record.epochs[-1], record.error_percent
    found = []
    if _is_chance(record, error):
        found.append("error at chance level")
    if record.design.k > 1:
        found += _member_flags(record, last.member_error_percent)
    losses = [epoch.train_loss_nats for epoch in record.epochs]
    if not all(map(math.isfinite, (error, last.nll_nats or 0.0, *losses))):
        found.append("error or loss not finite")
    elif _is_constant(losses):
        found.append("training loss constant")
    return "; ".join(found)


def flags_of_summary(record: Record, summary: RunSummary) -> str:
    """Return those flags of a run that its summary tells, for records of before that store none."""
    error = summary.error_percent
    if not math.isfinite(error):
        return "error or loss not finite"
    return "error at chance level" if _is_chance(record, error) else ""


def _member_flags(record: Record, errors: Sequence[float]) -> list[str]:
    members = [str(number) for number, error in enumerate(errors) if _is_chance(record, error)]
    if not members:
        return []
    if len(members) == len(errors):
        return [f"all {count(len(errors), 'member')} at chance level"]
    return [f"{'member' if len(members) == 1 else 'members'} {', '.join(members)} at chance level"]


def _is_chance(record: Record, error_percent: float) -> bool:
    """Return whether an error on the images of a record is at chance level."""
    dataset = record.dataset
    num_images = dataset.test_size if dataset.evaluated_on == "test" else dataset.validation_size
    if not math.isfinite(error_percent) or not num_images:
        return False
    share = record.largest_class_share
    chance = 1.0 - (1.0 / dataset.num_classes if share is None else share)
    return round(error_percent / 100.0 * num_images) > most_errors_below_chance(num_images, chance)


@cache
def most_errors_below_chance(num_images: int, chance: float) -> int:
    """Return the most errors of n images that are significantly fewer than by chance.

    That is the largest number that a binomial variable of `num_images` trials and probability
    `chance` does not exceed with a probability of at most 5 %.

    Args:
        num_images: Number of images, n.
        chance: Share of the images that always naming the most frequent class gets wrong.

    Returns:
        The number; -1 where not even no error at all is significant.

    >>> most_errors_below_chance(100, 0.9), most_errors_below_chance(2, 0.5)
    (84, -1)
    """
    if not 0.0 < chance < 1.0:
        return -1
    mean, deviation = num_images * chance, math.sqrt(num_images * chance * (1.0 - chance))
    first = max(0, math.floor(mean - _NEGLIGIBLE * deviation))
    total = 0.0
    for errors in range(first, num_images + 1):
        total += math.exp(
            math.lgamma(num_images + 1)
            - math.lgamma(errors + 1)
            - math.lgamma(num_images - errors + 1)
            + errors * math.log(chance)
            + (num_images - errors) * math.log1p(-chance)
        )
        if total > CHANCE_PROBABILITY:
            return errors - 1
    return num_images


def _is_constant(losses: Sequence[float]) -> bool:
    if len(losses) < MIN_LOSSES:
        return False
    return all(abs(loss - losses[0]) <= CONSTANT_LOSS_SHARE * abs(losses[0]) for loss in losses)
