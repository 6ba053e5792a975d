"""What so many hours buy of a study, for the sweep itself and for `plan` (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.terminal import count, duration
from ensemble_switchover.machine.units import HOUR_SECONDS
from ensemble_switchover.planning.overheads import decoding_seconds
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.sweep.hours_decision import (
    FIRST_SHARE,
    TooLittleTimeError,
    decide,
    with_epochs,
)
from ensemble_switchover.sweep.next_runs import budgets_of, first_block
from ensemble_switchover.sweep.smaller_study import smaller_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.sweep.block_seconds import BlockPredictor
    from ensemble_switchover.sweep.hours_decision import Decision


@dataclass(frozen=True, slots=True)
class HoursAsked:
    """The time that a sweep has."""

    hours: float
    passed_seconds: float
    """Seconds of it that pass before the first job's process starts."""
    fixed_epochs: bool = False
    """Whether the overrides, or the study's lists, state the epochs."""


def decide_or_propose(
    specs: Sequence[RunSpec],
    predictor: BlockPredictor,
    asked: HoursAsked,
    resolve_with: Callable[[Sequence[str]], Sequence[RunSpec]],
) -> Decision:
    """Decide epochs and budgets, or propose a smaller study if there is too little time.

    Args:
        specs: The candidates, with the recipe's epochs.
        predictor: Predicts blocks.
        asked: The time.
        resolve_with: Gives the candidates with further overrides behind the others.

    Raises:
        ConfigError: with the hours that are needed, and overrides that fit, if there are any.
    """
    try:
        return _decide(specs, predictor, asked, fixed_epochs=asked.fixed_epochs)
    except TooLittleTimeError as error:
        proposal = _proposal(specs, predictor, asked, resolve_with)
        raise ConfigError(f"sweep.hours={asked.hours:g}: {error.needed}; {proposal}") from error


def describe_hours(
    specs: Sequence[RunSpec], predictor: BlockPredictor | None, asked: HoursAsked
) -> list[str]:
    """Say what the hours buy: epochs, budgets, the first block, and how much fits after it.

    Args:
        specs: The candidates that stay, with the epochs that were decided.
        predictor: Predicts blocks; None where nothing is known.
        asked: The time.
    """
    budgets, first = budgets_of(specs), specs[0]
    lines = [
        f"{first.study}: {first.recipe.epochs} epochs ({first.recipe.name}), "
        f"{count(len(budgets), 'budget')} from {budgets[0]:,} to {budgets[-1]:,} parameters"
    ]
    if predictor is None:
        return lines
    block = first_block(specs)
    to_do = [spec for spec in block.specs if run_state(spec.folder) is not RunState.FINISHED]
    if not to_do:
        return [*lines, f"first block: {block.reason}, finished before"]
    seconds = asked.passed_seconds + predictor.seconds(to_do)
    left = asked.hours * HOUR_SECONDS - seconds
    further = num_further(len(to_do), len(specs) - len(block.specs), seconds, left)
    after = f"then about {count(further, 'further run')}, where they settle most"
    if not further:
        after = "no further run fits" if len(block.specs) < len(specs) else "which is all"
    lines.append(
        f"first block: {block.reason}, {count(len(to_do), 'run')}; about "
        f"{duration(seconds)} of {duration(asked.hours * HOUR_SECONDS)}, all counted; {after}"
    )
    return lines


def num_further(in_block: int, others: int, block_seconds: float, left_seconds: float) -> int:
    """Estimate how many other runs fit after a first block, each taking what one of that took.

    >>> num_further(20, 80, 600.0, 300.0), num_further(20, 5, 600.0, 9000.0)
    (10, 5)
    """
    fitting = int(max(0.0, left_seconds) / (block_seconds / in_block)) if block_seconds else 0
    return min(fitting, others)


def _decide(
    specs: Sequence[RunSpec],
    predictor: BlockPredictor,
    asked: HoursAsked,
    *,
    fixed_epochs: bool,
    more_before: float = 0.0,
) -> Decision:
    return decide(
        specs,
        predictor.jobs,
        FIRST_SHARE * asked.hours * HOUR_SECONDS,
        jobs=predictor.workplace.at_a_time(specs),
        before=asked.passed_seconds + predictor.start_seconds + more_before,
        fixed_epochs=fixed_epochs,
    )


def _proposal(
    specs: Sequence[RunSpec],
    predictor: BlockPredictor,
    asked: HoursAsked,
    resolve_with: Callable[[Sequence[str]], Sequence[RunSpec]],
) -> str:
    """Return overrides to paste with which the first block fits, or say that none were found."""
    words: list[str] = []
    needed = ""
    for study in smaller_studies(specs, fixed_epochs=asked.fixed_epochs):
        try:
            smaller = resolve_with(study.overrides)
        except ConfigError:
            continue  # there are no such networks, or images
        if study.epochs is not None:
            smaller = with_epochs(smaller, study.epochs)
        fixed = asked.fixed_epochs or study.epochs is not None
        decoding = decoding_seconds(predictor.overheads, smaller[0])
        try:
            _decide(smaller, predictor, asked, fixed_epochs=fixed, more_before=decoding)
        except TooLittleTimeError as error:
            words, needed = study.words, error.needed
        else:
            return f"these fit: {' '.join(study.words)}"
    if not words:
        return "smaller budgets, fewer images or more jobs at a time take less"
    return f"with {' '.join(words)}, {needed}; a faster machine or more jobs at a time take less"
