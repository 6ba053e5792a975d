"""The commands that make the runs of purchases."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.run_spec import budget_name, seed_name
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.purchase import Purchase
    from ensemble_switchover.analysis.study_purchases import BudgetedDesign
    from ensemble_switchover.results.record import BudgetRecord, Record


class PurchaseCommands:
    """Writes commands whose runs differ from those of a study in their seeds and budgets alone."""

    def __init__(
        self,
        records: Mapping[BudgetedDesign, Sequence[Record]],
        folders: Mapping[RunKey, Path],
        failed: Collection[str] = (),
    ) -> None:
        """Take what is known of the runs.

        Args:
            records: The runs of every design.
            folders: The folder of every finished run.
            failed: Names of the runs that failed, whose seeds are not tried again.
        """
        self._records, self._folders, self._failed = records, folders, failed
        self._writer = CommandWriter()

    def write(self, purchase: Purchase[BudgetedDesign]) -> str | None:
        """Write the command that makes the runs of a purchase; None where it cannot be told."""
        runs, alike = [], []
        for design, number in purchase.amounts:
            found = self._alike(design)
            if found is None or not isinstance(found.config.get("budget"), dict):
                return None
            alike.append(found)
            config = _at_budget(found.config, design.budget, found.budget)
            runs.append((config, self._unused_seeds(design, found, number)))
        folder = self._folders[alike[0].study, alike[0].name].parent
        jobs = max(record.environment.concurrent_jobs for record in alike)
        times_of = alike[0].environment.times_of
        return self._writer.write_further(runs, folder, jobs, times_of)

    def _alike(self, design: BudgetedDesign) -> Record | None:
        """Return a run of the design, or of the same class at the nearest budget."""
        of_class = [
            other
            for other in self._records
            if (other.setting, other.design_class) == (design.setting, design.design_class)
            and (other.k, other.source) == (design.k, design.source)
        ]
        if not of_class:
            return None
        wanted = design.budget.parameters
        nearest = min(of_class, key=lambda other: abs(other.budget.parameters - wanted))
        return same_treatment(self._records[nearest])[0]

    def _unused_seeds(self, design: BudgetedDesign, alike: Record, number: int) -> list[int]:
        """Return the smallest seeds that no run of the design has, not even a failed one."""
        used = {record.seed for record in self._records.get(design, ())}
        budget = design.budget
        at_budget = budget_name(alike.design.family, alike.dataset.name, budget.depth, budget.width)
        free = (
            seed
            for seed in count()
            if seed not in used
            and not any(
                name.startswith(seed_name(at_budget, design.design_class, design.k, seed))
                for name in self._failed
            )
        )
        return list(islice(free, number))


def _at_budget(
    config: Mapping[str, Any], budget: BudgetRecord, known: BudgetRecord
) -> dict[str, Any]:
    """Return a configuration with another budget."""
    if budget == known:
        return dict(config)
    changed = dict(config["budget"])
    if "parameters" in changed:
        changed["parameters"] = budget.parameters
        along = changed.get("along")
        fixed = "width" if along == "depth" else "depth"
        changed[fixed] = getattr(budget, fixed)
    else:
        changed |= {"depth": budget.depth, "width": budget.width, "network": None}
    return {**config, "budget": changed}
