"""Which runs of a study are made next, if not all can be (no torch)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.switchover.certainty import certainties
from ensemble_switchover.design import DesignClass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ensemble_switchover.config.run_spec import Cell

FIRST_BUDGETS = 4
FIRST_SEEDS = 2
"""An interval takes two."""

Series = tuple[Any, ...]
"""What an ensemble's differences are compared along: a setting, a class and k."""


@dataclass(frozen=True, slots=True)
class Block:
    """Runs of one budget and seed, or of several, that are made together."""

    cells: Sequence[Cell]
    reason: str


def first_block(cells: Sequence[Cell]) -> Block:
    """Choose the smallest budget, the largest, and some between, with two seeds each.

    They are among those that have an ensemble, if any has.
    """
    budgets = compared_budgets(cells)
    last = len(budgets) - 1
    chosen = {budgets[round(last * i / (FIRST_BUDGETS - 1))] for i in range(FIRST_BUDGETS)}
    seeds = sorted({cell.seed for cell in cells})[:FIRST_SEEDS]
    block = [cell for cell in cells if _parameters(cell) in chosen and cell.seed in seeds]
    return Block(block, f"{len(chosen)} of {len(budgets)} budgets, {len(seeds)} seeds")


def next_block(
    cells: Sequence[Cell], errors: Mapping[str, float], attempted: Collection[str]
) -> Block | None:
    """Choose the budget whose winner is least certain, and there the next seed.

    Of a budget that was not tried, two seeds are made at once.

    Args:
        cells: All runs that may be made.
        errors: Test errors in percent of those that are finished, by name.
        attempted: Names of all that were made or tried.

    Returns:
        The runs; None if there is nothing left to make.
    """
    open_seeds: defaultdict[int, set[int]] = defaultdict(set)
    tried = {_parameters(cell) for cell in cells if cell.name in attempted}
    for cell in cells:
        if cell.name not in attempted:
            open_seeds[_parameters(cell)].add(cell.seed)
    scores: dict[int, tuple[float, Series]] = {}
    for series, differences in _differences(cells, errors).items():
        budgets = sorted({_parameters(c) for c in cells if _series(c) == series} & set(open_seeds))
        for budget, certainty in certainties(budgets, differences).items():
            scores[budget] = min(scores.get(budget, (certainty, series)), (certainty, series))
    if not scores:
        return None
    budget = min(scores, key=lambda parameters: (scores[parameters][0], parameters))
    number = 1 if budget in tried else FIRST_SEEDS
    seeds = sorted(open_seeds[budget])[:number]
    certainty, series = scores[budget]
    block = [
        cell
        for cell in cells
        if _parameters(cell) == budget and cell.seed in seeds and cell.name not in attempted
    ]
    where = "between budgets" if budget not in tried else "at a budget with runs"
    reason = (
        f"{series[1]} k={series[2]} at {budget:,} parameters, {certainty:.1f} standard errors from "
        f"even, {where}: seed {', '.join(map(str, seeds))}"
    )
    return Block(block, reason)


def budgets_of(cells: Sequence[Cell]) -> list[int]:
    """Return the parameters of every budget, ascending."""
    return sorted({_parameters(cell) for cell in cells})


def compared_budgets(cells: Sequence[Cell]) -> list[int]:
    """Return the parameters of the budgets that have an ensemble, or of all where none has."""
    return budgets_of([cell for cell in cells if not _is_single(cell)]) or budgets_of(cells)


def _differences(
    cells: Sequence[Cell], errors: Mapping[str, float]
) -> dict[Series, dict[int, list[float]]]:
    """Pair ensembles with the single network of their budget and seed, in every series."""
    single: dict[tuple[Any, ...], float] = {}
    for cell in cells:
        if _is_single(cell) and cell.name in errors:
            single[_place(cell)] = errors[cell.name]
    found: dict[Series, dict[int, list[float]]] = {}
    for cell in cells:
        if _is_single(cell):
            continue
        series = found.setdefault(_series(cell), {})
        if cell.name in errors and _place(cell) in single:
            difference = errors[cell.name] - single[_place(cell)]
            series.setdefault(_parameters(cell), []).append(difference)
    return found


def _parameters(cell: Cell) -> int:
    return cell.budget.parameters


def _is_single(cell: Cell) -> bool:
    return cell.design.design_class is DesignClass.SINGLE


def _series(cell: Cell) -> Series:
    return cell.setting, cell.design.design_class.value, cell.design.k


def _place(cell: Cell) -> tuple[Any, ...]:
    return cell.setting, cell.budget, cell.seed
