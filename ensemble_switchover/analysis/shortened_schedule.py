"""Whether runs were trained for fewer epochs than their recipe has, read from their records.

`epochs=14` scales the recipe's schedule, and the hours of a sweep may do so too. Which design wins
depends on it, so what is said of a winner says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ensemble_switchover.config.table_a import table_a

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.results.record import Record

_SCALED = re.compile(r", scaled from (\d+) epochs")
"""What `config.recipe.Recipe.scaled_to` adds to the name of a recipe."""


def recipe_epochs(record: Record) -> int | None:
    """Return the epochs that a run's recipe has of its own; None where the record does not tell.

    A recipe of Table A, or of the digits, has those of its row, whatever was asked for. Another one
    is known to have more than the run only where its schedule was scaled.
    """
    dataset = record.config.get("dataset") or {}
    row = table_a(record.design.family, dataset.get("base") or record.dataset.name)
    if f"{record.recipe.name},".startswith(f"{row.name},"):
        return row.epochs
    scaled = _SCALED.search(record.recipe.name)
    return None if scaled is None else int(scaled[1])


def shortened_lengths(records: Iterable[Record]) -> list[tuple[int, int]]:
    """Return the epochs of shortened schedules, each with those of its recipe, ascending."""
    lengths = {(record.recipe.epochs, recipe_epochs(record)) for record in records}
    return sorted((ran, own) for ran, own in lengths if own is not None and ran < own)


def describe_shortened(records: Iterable[Record]) -> str | None:
    """Say in one clause that schedules were shortened; None if that of no run was.

    It stands within a sentence, such as "the best design after a schedule of 14 epochs in place of
    the recipe's 250". Where only some of the runs were shortened, it speaks of these.
    """
    lengths = shortened_lengths(records)
    if not lengths:
        return None
    trained, own = ({pair[place] for pair in lengths} for place in (0, 1))
    noun = "epoch" if trained == {1} else "epochs"
    schedules = "a schedule" if len(lengths) == 1 else "schedules"
    return f"after {schedules} of {_span(trained)} {noun} in place of the recipe's {_span(own)}"


def _span(lengths: set[int]) -> str:
    """Write numbers of epochs as one, or as the smallest and the largest."""
    return " to ".join(dict.fromkeys((f"{min(lengths):,}", f"{max(lengths):,}")))
