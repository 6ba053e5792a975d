"""Smaller budgets than a sweep was given, where its smallest is beyond the switchover already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.compose import compose_runs
from ensemble_switchover.config.schema import ParametersBudgetConfig
from ensemble_switchover.config.study import Study, resolve_study
from ensemble_switchover.design.other_budgets import has_ensemble, smaller_budget
from ensemble_switchover.sweep.next_runs import design_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Budget
    from ensemble_switchover.sweep.next_runs import CandidateDesign
    from ensemble_switchover.sweep.sweep_plan import SweepPlan

_BUDGET_KEYS = ("budget.network", "budget.depth", "budget.width", "budget.parameters")


def with_smaller_budgets(
    plan: SweepPlan, unbounded: Sequence[CandidateDesign]
) -> tuple[SweepPlan, list[Budget]]:
    """Add the budgets that may bound the ranges of ensembles from below, where designs exist.

    Args:
        plan: The runs of the sweep.
        unbounded: Ensembles at the smallest budget of their setting that are better there.

    Returns:
        The plan with every design of the study at each new budget, and the new budgets.
    """
    found: dict[tuple[str, Budget], None] = {}
    for ensemble in unbounded:
        spec = next(spec for spec in plan.study.specs if design_of(spec) == ensemble)
        design = (spec.design.design_class, spec.design.k, spec.source)
        served = any(
            setting == ensemble.setting and has_ensemble(spec.family, budget, spec.task, *design)
            for setting, budget in found
        )
        budget = None if served else smaller_budget(spec.family, spec.budget, spec.task, *design)
        if budget is not None:
            found[ensemble.setting, budget] = None
    specs = plan.study.specs
    for setting, budget in found:
        of_setting = [spec for spec in specs if spec.comparison_fingerprint == setting]
        plan = _with_budget(plan, of_setting, budget)
    return plan, sorted({budget for _, budget in found}, key=lambda budget: budget.parameters)


def _with_budget(plan: SweepPlan, of_setting: Sequence[RunSpec], budget: Budget) -> SweepPlan:
    """Add the runs of the smallest budget of a setting at another budget."""
    smallest = min((spec.budget for spec in of_setting), key=lambda known: known.parameters)
    names = [spec.name for spec in of_setting if spec.budget == smallest]
    runs = [_overrides_at(plan.overrides[name], plan.configs[name], budget) for name in names]
    configs = [config for run in runs for config in compose_runs([run])]
    study = resolve_study(configs)
    known = {spec.name for spec in plan.study.specs}
    new = [
        (s, i) for s, i in zip(study.specs, study.first_asked, strict=True) if s.name not in known
    ]
    return replace(
        plan,
        study=Study(
            [*plan.study.specs, *(spec for spec, _ in new)],
            plan.study.impossible,
            [*plan.study.first_asked, *(index for _, index in new)],
            plan.study.num_asked + len(new),
        ),
        overrides=plan.overrides | {spec.name: runs[index] for spec, index in new},
        configs=plan.configs | {spec.name: configs[index] for spec, index in new},
    )


def _overrides_at(overrides: Sequence[str], config: Config, budget: Budget) -> list[str]:
    """Return the overrides of a run with another budget."""
    kept = [entry for entry in overrides if entry.partition("=")[0] not in _BUDGET_KEYS]
    if isinstance(config.budget, ParametersBudgetConfig):
        fixed = "width" if config.budget.along == "depth" else "depth"
        fixed_value = getattr(budget, fixed)
        return [*kept, f"budget.parameters={budget.parameters}", f"budget.{fixed}={fixed_value}"]
    return [
        *kept,
        f"budget.depth={budget.depth}",
        f"budget.width={budget.width}",
        "budget.network=null",
    ]
