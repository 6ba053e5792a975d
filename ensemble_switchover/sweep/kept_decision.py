"""What a timed sweep has decided, kept in the study's folder, so that it goes on with its runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from ensemble_switchover.config.store_names import DECISION_FILE
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.sweep.hours_decision import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec

OTHER_KEYS = (
    "sweep.hours", "sweep.check", "sweep.page", "sweep.together", "sweep.jobs_per_device", "retry",
    "logger", "results",
)  # fmt: skip
"""Keys whose overrides do not change what the runs are."""


def kept_decision(specs: Sequence[RunSpec], overrides: Sequence[str]) -> Decision | None:
    """Read what was decided for these overrides; None if nothing, or for other runs."""
    decision = _read_decision(_path(specs), _asked(overrides))
    smallest = min(spec.budget.parameters for spec in specs)
    return None if decision is None or decision.largest_budget < smallest else decision


def keep_decision(specs: Sequence[RunSpec], overrides: Sequence[str], decision: Decision) -> None:
    """Keep what was decided for these overrides.

    Raises:
        OSError: if it cannot be written.
    """
    values = {
        "words": _asked(overrides), "epochs": decision.epochs, "budget": decision.largest_budget,
    }  # fmt: skip
    write_file(_path(specs), json.dumps(values, indent=1).encode())


def _path(specs: Sequence[RunSpec]) -> Path:
    return specs[0].study_folder / DECISION_FILE


def _asked(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that change what the runs are; Hydra's own say how they are launched."""
    return sorted(
        entry
        for entry in overrides
        if entry.partition("=")[0] not in OTHER_KEYS and not entry.startswith("hydra")
    )


def _read_decision(path: Path, asked: list[str]) -> Decision | None:
    try:
        values = json.loads(path.read_text())
        if values["words"] != asked:
            return None
        values = {"epochs": values["epochs"], "largest_budget": values["budget"]}
        decision: Decision = TypeAdapter(Decision).validate_python(values)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return decision
