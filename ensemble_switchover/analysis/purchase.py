"""Which further runs settle most of what is still open, for the seconds that they take.

A *purchase* is a number of further runs of one design, or of several designs at one budget. A
single network serves the questions of every class and k, so single networks and ensembles are
bought separately, and together only where neither decides anything alone.

How likely a purchase decides a cell follows in closed form. Given the runs so far, the difference
of the true errors is Gaussian around the difference `d` of the means, with variance `V_old = s1 /
n1 + s2 / n2`, where `s1` and `s2` are the variances over seeds. After further runs the difference
of the means is then Gaussian around `d` with variance `V_old - V_new` (the predictive distribution
under a flat prior), and the cell is decided if it lies further from 0 than the half-width of
Welch's interval with the new numbers of runs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from scipy.special import ndtr

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, MIN_SEEDS
from ensemble_switchover.analysis.difference import critical_rank
from ensemble_switchover.analysis.standing import DesignT
from ensemble_switchover.analysis.statistics import t_quantile, welch_degrees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.open_cells import OpenCell
    from ensemble_switchover.analysis.standing import Replicates

MOST_RUNS = 8
"""Most further runs of one design in a purchase."""
SHOWN_PROBABILITY = 0.05
"""Cells that a purchase decides less probably than this are not named."""


@dataclass(frozen=True, slots=True)
class DecidedCell(Generic[DesignT]):
    """A cell that a purchase may decide."""

    cell: OpenCell[DesignT]
    probability: float
    """Probability that it is decided, in a way that settles anything."""


@dataclass(frozen=True, slots=True)
class Purchase(Generic[DesignT]):
    """Further runs of one design, or of several designs at one budget."""

    amounts: tuple[tuple[DesignT, int], ...]
    """Each design with its number of further runs."""
    seconds: float
    """Predicted seconds of all of them, one after another."""
    num_settled: float
    """Expected number of open budgets that are settled."""
    decisions: tuple[DecidedCell[DesignT], ...] = field(repr=False)
    """The cells that it may decide, the most probable first."""

    @property
    def rate(self) -> float:
        """Expected number of settled budgets a second."""
        return self.num_settled / self.seconds if self.seconds > 0.0 else math.inf


def find_purchases(
    cells: Sequence[OpenCell[DesignT]],
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule = DEFAULT_RULE,
    least_share: float = 0.0,
) -> list[Purchase[DesignT]]:
    """List the purchases that may decide a cell, with the best number of runs for each.

    The one that is expected to settle most budgets a second comes first.

    Args:
        cells: The open cells of all questions.
        designs: The runs of every design.
        rule: How cells are decided; purchases are planned by Welch's interval under every method.
        least_share: Share that each purchase settles at least of what `MOST_RUNS` of the same
            designs would. Few runs may be the best for their seconds, yet decide little.
    """
    concerned: defaultdict[DesignT, list[OpenCell[DesignT]]] = defaultdict(list)
    bundles: dict[frozenset[DesignT], None] = {}
    for cell in cells:
        concerned[cell.single].append(cell)
        concerned[cell.ensemble].append(cell)
        if cell.companions:
            bundles[frozenset((cell.single, *cell.companions))] = None
        else:
            bundles[frozenset((cell.single,))] = None
            bundles[frozenset((cell.ensemble,))] = None
            bundles[frozenset((cell.single, cell.ensemble))] = None
    found = [_best_purchase(bundle, concerned, designs, rule, least_share) for bundle in bundles]
    purchases = [purchase for purchase in found if purchase is not None]
    return sorted(purchases, key=lambda each: (-each.rate, each.seconds, str(each.amounts)))


def choose_different(
    purchases: Sequence[Purchase[DesignT]], number: int
) -> list[Purchase[DesignT]]:
    """Choose the best purchases that mostly decide what those before them do not.

    Args:
        purchases: The purchases, the best first.
        number: How many to choose at most.
    """
    chosen: list[Purchase[DesignT]] = []
    covered: set[tuple[int, int]] = set()
    for purchase in purchases:
        by_cell = {(d.cell.question, d.cell.budget): d.probability for d in purchase.decisions}
        fresh = sum(share for cell, share in by_cell.items() if cell not in covered)
        if fresh > sum(by_cell.values()) / 2.0 and len(chosen) < number:
            chosen.append(purchase)
            covered |= by_cell.keys()
    return chosen


def decision_probabilities(
    cell: OpenCell[DesignT],
    num_runs: tuple[int, int],
    num_more: tuple[int, int],
    rule: DecisionRule = DEFAULT_RULE,
) -> tuple[float, float]:
    """Return the probabilities that further runs show the single network, or the ensemble, better.

    Args:
        cell: The cell.
        num_runs: Number of runs of the single network and of the ensemble.
        num_more: Number of further runs of each.
        rule: The confidence and the margin; by ranks, also how many runs decide at all.
    """
    first, second = num_runs[0] + num_more[0], num_runs[1] + num_more[1]
    if min(first, second) < MIN_SEEDS or not any(num_more):
        return 0.0, 0.0
    level = (1.0 - rule.confidence) / 2.0
    if rule.method == "mann_whitney" and critical_rank(first, second, level) is None:
        return 0.0, 0.0  # no order of so few errors decides
    one, other = cell.variances[0] / first, cell.variances[1] / second
    degrees = welch_degrees(one, first, other, second)
    half_width = t_quantile(degrees, rule.confidence) * math.sqrt(one + other)
    if cell.is_tried:
        before = cell.variances[0] / num_runs[0] + cell.variances[1] / num_runs[1]
        deviation = math.sqrt(before - one - other)
    else:
        deviation = math.sqrt(cell.prior_variance + one + other)
    centre = cell.difference + rule.margin
    single, ensemble = (centre - half_width) / deviation, (-centre - half_width) / deviation
    return float(ndtr(single)), float(ndtr(ensemble))


def _best_purchase(
    bundle: frozenset[DesignT],
    concerned: Mapping[DesignT, Sequence[OpenCell[DesignT]]],
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule,
    least_share: float,
) -> Purchase[DesignT] | None:
    """Return the number of further runs of some designs that settles most a second, if any does."""
    cells = {id(cell): cell for design in bundle for cell in concerned.get(design, ())}
    found = []
    for number in range(1, MOST_RUNS + 1):
        amounts = {}
        for design in sorted(bundle, key=str):
            runs = designs[design]
            lacking = MIN_SEEDS - len(runs.errors) if len(bundle) > 1 else 0
            amounts[design] = min(max(number, lacking), runs.num_left)
        found.append(_purchase(amounts, list(cells.values()), designs, rule))
    most = max(purchase.num_settled for purchase in found)
    if most <= 0.0:
        return None
    worthwhile = [p for p in found if p.num_settled >= least_share * most]
    return max(worthwhile, key=lambda purchase: purchase.rate)


def _purchase(
    amounts: Mapping[DesignT, int],
    cells: Sequence[OpenCell[DesignT]],
    designs: Mapping[DesignT, Replicates],
    rule: DecisionRule,
) -> Purchase[DesignT]:
    settled, decisions = 0.0, []
    for cell in cells:
        numbers = len(designs[cell.single].errors), len(designs[cell.ensemble].errors)
        more = amounts.get(cell.single, 0), amounts.get(cell.ensemble, 0)
        single, ensemble = decision_probabilities(cell, numbers, more, rule)
        single *= cell.settles_if_single > 0
        ensemble *= cell.settles_if_ensemble > 0
        settled += single * cell.settles_if_single + ensemble * cell.settles_if_ensemble
        if single + ensemble >= SHOWN_PROBABILITY:
            decisions.append(DecidedCell(cell, single + ensemble))
    return Purchase(
        amounts=tuple((design, number) for design, number in amounts.items() if number),
        seconds=sum(number * designs[design].seconds for design, number in amounts.items()),
        num_settled=settled,
        decisions=tuple(sorted(decisions, key=lambda found: -found.probability)),
    )
