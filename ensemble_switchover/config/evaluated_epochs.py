"""The epochs after which a run is evaluated (`evaluate_every=`), and what fewer of them cost."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import EVERY_EPOCH, MILESTONES
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.config.run_spec import RunSpec

MAX_LISTED = 6
"""Epochs that are listed one by one; of more, the first and the last are."""


def evaluated_epochs(evaluate_every: str, recipe: Recipe) -> list[int]:
    """Return the epochs, counted from 1, after which a run is evaluated; the last is among them.

    Args:
        evaluate_every: A number of epochs, or `milestones`: before every drop of the learning rate.
        recipe: Of the run.

    >>> from ensemble_switchover.config.table_a import DIGITS_RECIPE
    >>> evaluated_epochs("6", DIGITS_RECIPE), evaluated_epochs("milestones", DIGITS_RECIPE)
    ([6, 12, 18, 20], [10, 15, 20])
    """
    if evaluate_every == MILESTONES:
        return recipe.milestones
    every = int(evaluate_every)
    return sorted({*range(every, recipe.epochs + 1, every), recipe.epochs})


def evaluation_notes(evaluate_every: str, predictions: str, recipe: Recipe) -> list[str]:
    """Say what it costs that not every epoch is evaluated; nothing where every one is.

    Args:
        evaluate_every: As stated.
        predictions: The value of `record.predictions`.
        recipe: Of the run.
    """
    if evaluate_every == EVERY_EPOCH:
        return []
    evaluated = evaluated_epochs(evaluate_every, recipe)
    notes = [
        f"evaluate_every={evaluate_every}: evaluated after {len(evaluated)} of "
        f"{count(recipe.epochs, 'epoch')} ({_listed(evaluated)}); the last error is as ever, "
        f"curves and grids have these epochs alone, and time to accuracy is known to "
        f"{_precision(evaluated)}; it and the lowest error compare only with runs of the same "
        f"evaluate_every"
    ]
    without = sorted(set(recipe.milestones) - set(evaluated))
    if predictions == MILESTONES and without:
        notes.append(
            f"record.predictions=milestones: no predictions of {_epochs(without)}, which "
            f"evaluate_every={evaluate_every} does not evaluate; evaluate_every=milestones does"
        )
    return notes


def evaluation_costs(specs: Iterable[RunSpec]) -> list[str]:
    """Say once for all of some runs what it costs that not every epoch is evaluated."""
    asked = {(spec.evaluate_every, tuple(spec.recipe.milestones)): spec.recipe for spec in specs}
    notes = [
        note
        for (every, _), recipe in asked.items()
        for note in evaluation_notes(every, "none", recipe)
    ]
    return list(dict.fromkeys(notes))


def _precision(evaluated: Sequence[int]) -> str:
    """Return the largest distance between two evaluations, in epochs."""
    return count(max(after - before for before, after in pairwise([0, *evaluated])), "epoch")


def _epochs(numbers: Sequence[int]) -> str:
    return f"{'epoch' if len(numbers) == 1 else 'epochs'} {_listed(numbers)}"


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) <= MAX_LISTED:
        return ", ".join(map(str, numbers))
    return f"{numbers[0]}, {numbers[1]}, ..., {numbers[-1]}"
