"""Which runs of a study come next, when there is no time for all of them (no torch)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.design import DesignClass
from ensemble_switchover.sweep.winner_certainty import certainties

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec

FIRST_BUDGETS = 4
FIRST_SEEDS = 2
"""A confidence interval needs two."""

Series = tuple[Any, ...]
"""The runs along which differences are compared: a comparison, a design class and k."""


@dataclass(frozen=True, slots=True)
class Block:
    """Runs, of one budget and seed or of several, that are made together."""

    specs: Sequence[RunSpec]
    reason: str


def first_block(specs: Sequence[RunSpec]) -> Block:
    """Choose the smallest budget, the largest, and some between, with two seeds each.

    Only budgets with an ensemble are considered, if any has one.
    """
    budgets = compared_budgets(specs)
    last = len(budgets) - 1
    chosen = {budgets[round(last * i / (FIRST_BUDGETS - 1))] for i in range(FIRST_BUDGETS)}
    seeds = sorted({spec.seed for spec in specs})[:FIRST_SEEDS]
    block = [spec for spec in specs if _parameters(spec) in chosen and spec.seed in seeds]
    return Block(block, f"{len(chosen)} of {len(budgets)} budgets, {len(seeds)} seeds")


def next_block(
    specs: Sequence[RunSpec], errors: Mapping[str, float], attempted: Collection[str]
) -> Block | None:
    """Choose the budget whose winner is least certain, and there the next seed.

    A budget without runs gets two seeds at once.

    Args:
        specs: All runs that may be made.
        errors: Test errors in percent of the finished runs, by name.
        attempted: Names of the runs that were finished, tried or passed over.

    Returns:
        The runs; None if none is left.
    """
    open_seeds: defaultdict[int, set[int]] = defaultdict(set)
    tried = {_parameters(spec) for spec in specs if spec.name in attempted}
    for spec in specs:
        if spec.name not in attempted:
            open_seeds[_parameters(spec)].add(spec.seed)
    scores: dict[int, tuple[float, Series]] = {}
    for series, differences in _differences(specs, errors).items():
        budgets = sorted({_parameters(c) for c in specs if _series(c) == series} & set(open_seeds))
        for budget, certainty in certainties(budgets, differences).items():
            scores[budget] = min(scores.get(budget, (certainty, series)), (certainty, series))
    if not scores:
        return None
    budget = min(scores, key=lambda parameters: (scores[parameters][0], parameters))
    number = 1 if budget in tried else FIRST_SEEDS
    seeds = sorted(open_seeds[budget])[:number]
    certainty, series = scores[budget]
    block = [
        spec
        for spec in specs
        if _parameters(spec) == budget and spec.seed in seeds and spec.name not in attempted
    ]
    where = "between budgets" if budget not in tried else "at a budget with runs"
    reason = (
        f"{series[1]} k={series[2]} at {budget:,} parameters, {certainty:.1f} standard errors from "
        f"even, {where}: seed {', '.join(map(str, seeds))}"
    )
    return Block(block, reason)


def budgets_of(specs: Sequence[RunSpec]) -> list[int]:
    """Return the parameters of every budget, ascending."""
    return sorted({_parameters(spec) for spec in specs})


def compared_budgets(specs: Sequence[RunSpec]) -> list[int]:
    """Return the parameters of the budgets that have an ensemble, or of all where none has."""
    return budgets_of([spec for spec in specs if not _is_single(spec)]) or budgets_of(specs)


def _differences(
    specs: Sequence[RunSpec], errors: Mapping[str, float]
) -> dict[Series, dict[int, list[float]]]:
    """Return ensemble minus single network in percentage points, by series and budget."""
    single: dict[tuple[Any, ...], float] = {}
    for spec in specs:
        if _is_single(spec) and spec.name in errors:
            single[_pair(spec)] = errors[spec.name]
    found: dict[Series, dict[int, list[float]]] = {}
    for spec in specs:
        if _is_single(spec):
            continue
        series = found.setdefault(_series(spec), {})
        if spec.name in errors and _pair(spec) in single:
            difference = errors[spec.name] - single[_pair(spec)]
            series.setdefault(_parameters(spec), []).append(difference)
    return found


def _parameters(spec: RunSpec) -> int:
    return spec.budget.parameters


def _is_single(spec: RunSpec) -> bool:
    return spec.design.design_class is DesignClass.SINGLE


def _series(spec: RunSpec) -> Series:
    return spec.comparison_fingerprint, spec.design.design_class.value, spec.design.k


def _pair(spec: RunSpec) -> tuple[Any, ...]:
    return spec.comparison_fingerprint, spec.budget, spec.seed
