"""Whether an ensemble with early exit pays, beside the single network of its budget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.statistics import sample_mean, t_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule


MIN_COST_SEEDS = 2
"""Fewest seeds whose cost decides anything."""


class Payment(Enum):
    """Whether a cascade pays at a budget, beside the single network."""

    PAYS = "pays"
    """It costs less, and errs less."""
    DOES_NOT_PAY = "does not pay"
    """It costs as much or more, or errs more."""
    UNDECIDED = "undecided"
    """The seeds do not tell which of the two costs less, or which errs less."""


@dataclass(frozen=True, slots=True)
class AgainstSingle:
    """An ensemble's cascade and the single network of one budget, of one kind of cost."""

    budget_parameters: int
    cost_ratios: Mapping[int, float]
    """Seed -> mean inference cost of the cascade, in times that of the single network."""
    errors: Mapping[int, float]
    """Seed -> error of the cascade in percent."""
    single_errors: Mapping[int, float]
    """Seed -> error of the single network in percent."""
    rule: DecisionRule = DEFAULT_RULE
    """How errors are compared."""

    @property
    def cost_ratio(self) -> float:
        """Mean over the seeds of the cost in times that of the single network."""
        return sample_mean(list(self.cost_ratios.values()))

    @property
    def cost_interval(self) -> Interval | None:
        """The t interval of the cost over the seeds; None for one seed or without spread."""
        return t_interval(list(self.cost_ratios.values()), self.rule.confidence)

    @property
    def points(self) -> float:
        """Mean error of the cascade less that of the single network, in percentage points."""
        means = [sample_mean(list(of.values())) for of in (self.errors, self.single_errors)]
        return means[0] - means[1]

    @property
    def points_interval(self) -> Interval | None:
        """The interval of that difference by the rule; None where the seeds give none."""
        return difference_interval(self.errors, self.single_errors, self.rule)

    @property
    def payment(self) -> Payment:
        """Whether it pays; one seed alone decides nothing."""
        if len(self.cost_ratios) < MIN_COST_SEEDS:
            return Payment.UNDECIDED
        cost, points = self.cost_interval, self.points_interval
        lowest, highest = (cost.lower, cost.upper) if cost else (self.cost_ratio,) * 2
        if lowest >= 1.0 or (points is not None and points.lower > 0.0):
            return Payment.DOES_NOT_PAY
        if highest < 1.0 and points is not None and points.upper < 0.0:
            return Payment.PAYS
        return Payment.UNDECIDED


def compare_with_single(
    answers: pl.DataFrame,
    design_class: DesignClassName,
    cost: str,
    exit_rule: ExitRule = "confidence",
    rule: DecisionRule = DEFAULT_RULE,
) -> list[AgainstSingle]:
    """Compare the cascades of an ensemble class with the single networks, budget by budget.

    Args:
        answers: A frame from `list_answers`, of one comparison.
        design_class: `deq` or `weq`.
        cost: `flops_per_image`; or `ms_to_single` or `measured_ms_to_single`, which every run
            measured beside its own single network.
        exit_rule: The exit rule of the cascades.
        rule: How errors are compared.

    Returns:
        One for each budget that has both with this cost, the smallest first.
    """
    found = []
    keys = ("budget_parameters", "budget_depth", "budget_width")
    for key, rows in answers.sort(keys).group_by(keys, maintain_order=True):
        single = rows.filter(pl.col("design_class") == "single")
        cascade = rows.filter(
            pl.col("design_class") == design_class, pl.col("answered_by") == exit_rule
        ).drop_nulls(cost)
        if single.is_empty() or cascade.is_empty():
            continue
        unit = 1.0
        if not cost.endswith("ms_to_single"):
            unit = sample_mean(list(by_seed(single, cost).values()))
        ratios = {seed: value / unit for seed, value in by_seed(cascade, cost).items()}
        found.append(
            AgainstSingle(
                budget_parameters=int(key[0]),
                cost_ratios=ratios,
                errors=by_seed(cascade, "error_percent"),
                single_errors=by_seed(single, "error_percent"),
                rule=rule,
            )
        )
    return found


def by_seed(rows: pl.DataFrame, column: str) -> dict[int, float]:
    """Return the mean of a column over the runs of each seed: seed -> value."""
    means = rows.drop_nulls(column).group_by("seed", maintain_order=True).agg(pl.col(column).mean())
    return dict(means.select("seed", column).iter_rows())


def describe_payment(
    design_class: DesignClassName, compared: Sequence[AgainstSingle], in_what: str
) -> str:
    """Say at which budgets a class with early exit pays, and where it does not.

    Args:
        design_class: `deq` or `weq`.
        compared: From `compare_with_single`; at least one.
        in_what: The cost, such as `floating-point operations`.
    """
    ratios = [each.cost_ratio for each in compared]
    span = f"{min(ratios):.2f}" if len(ratios) == 1 else f"{min(ratios):.2f} to {max(ratios):.2f}"
    parts = []
    for payment, what in (
        (Payment.PAYS, "it costs less and errs less"),
        (Payment.UNDECIDED, "the seeds do not tell whether it pays"),
        (Payment.DOES_NOT_PAY, "it does not pay"),
    ):
        rows = [each for each in compared if each.payment is payment]
        if rows:
            parts.append(f"{what} at {', '.join(map(_describe, rows))}")
    return (
        f"With early exit {design_class} costs {span} times the single network's mean inference in "
        f"{in_what}: {'; '.join(parts)}."
    )


def _describe(each: AgainstSingle) -> str:
    return (
        f"{each.budget_parameters:,} parameters ({each.cost_ratio:.2f} times, {each.points:+.2f} "
        "points of error)"
    )
