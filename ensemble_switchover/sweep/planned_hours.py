"""What `plan` shows of a sweep of so many hours: its first block, as the sweep would decide it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.study import Study, resolve_study
from ensemble_switchover.sweep.block_seconds import (
    block_predictor,
    known_predictor,
)
from ensemble_switchover.sweep.hours_plan import decide_or_propose, describe_hours
from ensemble_switchover.sweep.kept_decision import kept_decision
from ensemble_switchover.sweep.next_runs import first_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.sweep.block_seconds import Workplace
    from ensemble_switchover.sweep.hours_plan import HoursAsked


@dataclass(frozen=True, slots=True)
class PlannedHours:
    """The first block of a study, and what is said of it."""

    study: Study
    """The runs of the first block, at the epochs that are decided."""
    lines: list[str]


def plan_hours(
    study: Study,
    configs: Sequence[Config],
    overrides: Sequence[str],
    asked: HoursAsked,
    place: Workplace,
    *,
    timing_seconds: float | None,
) -> PlannedHours:
    """Decide what so many hours buy of a study, as the sweep decides it.

    Args:
        study: The candidates.
        configs: The configurations that asked for them.
        overrides: Those of the command.
        asked: The time.
        place: Where the jobs are.
        timing_seconds: Seconds that designs may be timed for; None to time nothing.

    Raises:
        ConfigError: if there is too little time, with overrides with which there is enough.
    """
    specs = study.specs
    if timing_seconds is None:
        predictor = known_predictor(specs, place)
    else:
        of_runs = study.config_of(configs)
        timed = block_predictor(specs, of_runs, place, timing_seconds, again=True)
        predictor = replace(timed, is_started=False)  # another process runs the sweep
    decision = kept_decision(specs, overrides)
    if decision is None and predictor is None:
        line = (
            f"sweep.hours={asked.hours:g}: what they buy is not known before a few designs are "
            f"timed on this device, with --calibrate; above is all that there is to choose from"
        )
        return PlannedHours(study, [line])

    def resolved(more: Sequence[str]) -> Study:
        parts = compose_overrides([*overrides, *more])
        return resolve_study(config for _, part in parts for config in part)

    if decision is None:
        assert predictor is not None
        decision = decide_or_propose(specs, predictor, asked, lambda more: resolved(more).specs)
    if decision.epochs is not None:
        study = resolved([f"epochs={decision.epochs}"])
    kept = decision.kept(study.specs)
    block = first_block(kept).specs
    shown = Study(list(block), study.impossible, list(range(len(block))), len(block))
    return PlannedHours(shown, describe_hours(kept, predictor, asked))


def states_epochs(runs: Sequence[Sequence[str]]) -> bool:
    """Return whether the overrides of any run state the epochs."""
    return any(has_override(own, "epochs") for own in runs)
