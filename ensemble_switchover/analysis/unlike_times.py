"""Budgets whose ensembles and single network have times of different kinds, so that none compares.

Times of a run itself and times of a timing pass (`EnvironmentRecord.times_of`) are of different
conditions. A study that was made by sweeps of both sorts may have only the one of an ensemble and
only the other of its single network.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.condition_group import name_first_few

if TYPE_CHECKING:
    import polars as pl

    from ensemble_switchover.analysis.ratio import BudgetKey

UNLIKE_TIMES = "one's are of the runs themselves, the other's of a timing pass"


def find_unlike_times(runs: pl.DataFrame) -> dict[str, list[int]]:
    """Find the budgets where no run of an ensemble has times of the single network's kind.

    Args:
        runs: Rows of `tabulate_runs`, of one comparison.

    Returns:
        Ensemble class -> parameters of these budgets, ascending; classes without any are left out.
    """
    kinds: defaultdict[tuple[str, BudgetKey], set[str]] = defaultdict(set)
    columns = ("design_class", "budget_parameters", "budget_depth", "budget_width", "times_of")
    for name, parameters, depth, width, kind in runs.select(columns).iter_rows():
        kinds[name, (parameters, depth, width)].add(kind)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for (name, budget), own in sorted(kinds.items()):
        of_single = kinds.get(("single", budget))
        if of_single and own.isdisjoint(of_single):
            found[name].append(budget[0])
    return dict(found)


def note_unlike_times(runs: pl.DataFrame) -> list[str]:
    """Name the ensembles whose times are of another kind than those of their single networks."""
    found = find_unlike_times(runs)
    if not found:
        return []
    singles = runs.filter(runs["design_class"] == "single")
    num_budgets = len(singles.select("budget_parameters", "budget_depth", "budget_width").unique())
    named = " and of ".join(
        f"{name} at every budget"
        if len(budgets) == num_budgets
        else f"{name} at {name_first_few([f'{budget:,}' for budget in budgets])} parameters"
        for name, budgets in found.items()
    )
    return [
        f"No figure and no ratio compares seconds, latencies or bytes of {named} with those of "
        f"runs of the single network: {UNLIKE_TIMES}."
    ]
