"""How many epochs runs have, and how large budgets get, so that a first block fits (no torch)."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.results.stored_values import Size  # noqa: TC001 - read by pydantic
from ensemble_switchover.sweep.block_seconds import time_of
from ensemble_switchover.sweep.next_runs import compared_budgets, first_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.config.run_spec import RunSpec

FIRST_SHARE = 0.5
"""Share of the time that the first block may take, as predicted, with all that is before it."""
LEAST_EPOCHS = 10
"""Fewer epochs say little about any design; the largest budgets are left out first."""
LEAST_BUDGETS = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """The epochs and the budgets of the runs of a timed sweep."""

    epochs: Size | None
    """None: those of the recipe, or of the overrides."""
    largest_budget: Size
    """In parameters."""

    def kept(self, specs: Sequence[RunSpec]) -> list[RunSpec]:
        """Return the runs of the budgets that stay."""
        return [spec for spec in specs if spec.budget.parameters <= self.largest_budget]


class TooLittleTimeError(ConfigError):
    """Not even the smallest first block fits."""

    def __init__(self, first_seconds: float, num_budgets: int, epochs: int) -> None:
        """Take the seconds of the smallest first block, with all that is before it."""
        self.hours = rounded_up(first_seconds / FIRST_SHARE / HOUR_SECONDS)
        self.needed = (
            f"expected at least {self.hours:.12g} for {count(num_budgets, 'budget')} of "
            f"{count(epochs, 'epoch')}"
        )
        super().__init__(f"sweep.hours: {self.needed}")


def rounded_up(value: float, digits: int = 2) -> float:
    """Round a positive number up to so many significant digits.

    >>> rounded_up(0.2101), rounded_up(3.0), rounded_up(128.0)
    (0.22, 3.0, 130.0)
    """
    unit = 10.0 ** (math.floor(math.log10(value)) + 1 - digits)
    return round(math.ceil(round(value / unit, 6)) * unit, 12)


def decide(
    specs: Sequence[RunSpec],
    predict: Callable[[Sequence[RunSpec]], list[float]],
    seconds: float,
    *,
    jobs: float = 1.0,
    before: float = 0.0,
    fixed_epochs: bool,
) -> Decision:
    """Decide epochs and budgets, so that the first block fits.

    The recipe's epochs stay if it does with them. Else the schedule is scaled down, to at least
    `LEAST_EPOCHS`; if that is still too much, the largest budgets are left out.

    Args:
        specs: The candidates, with the recipe's epochs.
        predict: Predicts the seconds of each job of a block.
        seconds: Seconds that the first block may take, with all that is before it.
        jobs: Jobs at a time.
        before: Seconds until the first job begins.
        fixed_epochs: Whether the overrides, or the study's lists, state the epochs.

    Raises:
        TooLittleTimeError: if not even two budgets fit, or the only one.
    """

    def needed(block: Sequence[RunSpec]) -> float:
        return before + time_of(predict(block), jobs)

    epochs = min(spec.recipe.epochs for spec in specs)
    least = epochs if fixed_epochs else min(LEAST_EPOCHS, epochs)
    budgets = compared_budgets(specs)
    least_budgets = min(LEAST_BUDGETS, len(budgets))
    block: Sequence[RunSpec] = specs
    for number in range(len(budgets), least_budgets - 1, -1):
        kept = [spec for spec in specs if spec.budget.parameters <= budgets[number - 1]]
        block = first_block(kept).specs
        if needed(block) <= seconds:
            return Decision(None, budgets[number - 1])
        if not fixed_epochs and needed(with_epochs(block, least)) <= seconds:
            fitting = bisect_right(
                range(least, epochs),
                seconds,
                key=lambda tried: needed(with_epochs(block, tried)),
            )
            return Decision(least + fitting - 1, budgets[number - 1])
    smallest = block if fixed_epochs else with_epochs(block, least)
    raise TooLittleTimeError(needed(smallest), least_budgets, least)


def with_epochs(specs: Sequence[RunSpec], epochs: int) -> list[RunSpec]:
    """Return runs as they are predicted with so many epochs; their schedules are not scaled."""
    return [replace(spec, recipe=replace(spec.recipe, epochs=epochs)) for spec in specs]
