"""The advice in three sentences: what to build, how sure that is, and what would make it surer.

It is of whatever runs are finished, so it can be asked for at any moment of a sweep.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.headline import describe_limits_beyond, headline
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.loss_spread import spread_reader
from ensemble_switchover.analysis.advice.rule import AdviceAnswer, advise
from ensemble_switchover.analysis.advice.surer import find_surer_step
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.advice.written_amounts import LIMIT_NAMES
from ensemble_switchover.analysis.class_terms import spell_out_classes
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, MIN_SEEDS
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice
    from ensemble_switchover.analysis.advice.trained_designs import TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.results.record import Record

NOTHING_FINISHED = "No run is finished, so there is nothing to build yet."
SETTLED_WITHIN = (
    "No further run of these designs is likely to change that; larger budgets or other families "
    "were not measured"
)
"""What is said where no step of a known cost would make the answer surer."""


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """Three sentences, or one where no run is finished or no design can be built."""

    build: str
    """What to build, or why nothing can be."""
    sureness: str | None = None
    """How sure that is; None where there is nothing to build."""
    step: str | None = None
    """What would make it surer, without an end, as the command follows."""
    command: str | None = None
    """The command that would make it surer; None where there is none."""
    advice: Advice | None = None
    """The advice behind it; None where no run is finished."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences in order; the last ends with the command."""
        if self.sureness is None or self.step is None:
            return (self.build,)
        last = f"{self.step}." if self.command is None else f"{self.step}: {self.command}"
        return (self.build, self.sureness, last)


def answer_shortly(
    records: Sequence[Record],
    folders: Mapping[RunKey, Path],
    limits: Limits = Limits(),  # noqa: B008 - it is frozen
    rule: DecisionRule = DEFAULT_RULE,
    *,
    margin: float | None = None,
    longer: str | None = None,
    again: str | None = None,
) -> ShortAnswer:
    """Answer in three sentences from the runs that are finished.

    Where runs are of several data sets, those of most runs count.

    Args:
        records: The finished runs; there may be none. They have the metric of the rule.
        folders: The folder of every run, for the command.
        limits: The user's limits.
        rule: How errors are compared.
        margin: Within which a design is as good as the best, in the unit of the metric; None: the
            default.
        longer: The command that takes longer, such as with more minutes, for a study of its own; it
            is told where that is known to be worth more than further runs of these designs.
        again: The command that goes on with these designs; it is told where runs of them are
            missing.
    """
    designs = _of_most_runs(collect_designs(records, rule.keep_collapsed, rule.quality))
    if not designs:
        return ShortAnswer(NOTHING_FINISHED)
    candidates = list_candidates(designs, most_used_device(designs))
    advice = advise(candidates, limits, rule, margin, spread_reader(folders))
    if advice.recommended is None:
        (build,) = spell_out_classes([headline(advice)])
        return ShortAnswer(build, advice=advice)
    step = find_surer_step(advice, designs, folders, longer, again)
    text, command = (SETTLED_WITHIN, None) if step is None else (step.text, step.command)
    sentences = (_what_to_build(advice), _how_sure(advice, designs), text)
    build, sureness, text = spell_out_classes(sentences)
    return ShortAnswer(build, sureness, text, command, advice)


def _of_most_runs(designs: Sequence[TrainedDesign]) -> list[TrainedDesign]:
    """Keep the designs of the data set with the most runs."""
    runs: Counter[str] = Counter()
    for design in designs:
        runs[design.data] += design.num_runs
    most = max(runs, key=lambda data: runs[data], default=None)
    return [design for design in designs if design.data == most]


def _what_to_build(advice: Advice) -> str:
    """Name the design with its error, and what the answer holds for."""
    assert advice.recommended is not None
    assert advice.short_list is not None
    chosen, listed = advice.recommended, advice.short_list
    design = chosen.design
    schedule = describe_shortened(design.records)
    after = f" after {count(chosen.epoch, 'epoch')}" if schedule is None else f" {schedule}"
    images = f"{design.num_images:,} {design.evaluated_on} images"
    metric = advice.rule.quality
    text = (
        f"Build {design.label} ({design.setting}; {design.parameters:,} parameters): it errs on "
        f"{chosen.error:.1f} % of {images}{after}"
    )
    if not metric.is_error:
        text += (
            f" and has a mean {metric.noun} of {metric.write(chosen.loss)}, by which it is chosen"
        )
    if len(listed.readings) > 1:
        text += (
            f", and is the cheapest by {LIMIT_NAMES[listed.cost]} of {len(listed.readings)} "
            f"designs within {metric.write_margin(listed.margin)} of the {metric.best_end} "
            f"{metric.noun}"
        )
    return f"{text}{describe_limits_beyond(advice)}."


def _how_sure(advice: Advice, designs: Sequence[TrainedDesign]) -> str:
    """Say how far the choice is decided, and what it rests on."""
    assert advice.recommended is not None
    seeds = count(advice.recommended.num_seeds, "seed")
    if advice.num_designs == 1:
        return f"Nothing is known of how it compares: no other design has a finished run ({seeds})."
    if advice.num_feasible == 1:
        return f"No other of the {advice.num_designs} designs meets the limits ({seeds})."
    alone = ""
    classes = {design.design_class for design in designs}
    if classes == {"single"}:
        alone = "; whether an ensemble is better is unknown, as none has a finished run"
    elif "single" not in classes:
        alone = "; whether a single network is better is unknown, as none has a finished run"
    feasible = advice.num_feasible
    if advice.answer is AdviceAnswer.DECIDED:
        others = f"every other of the {feasible} designs is" if feasible > 2 else "the other is"
        return (
            f"That it is the best of those measured{advice.rule.quality.by_name} is decided, given "
            "these "
            f"{advice.recommended.design.evaluated_on} images (at one-sided "
            f"{50.0 * (1.0 - advice.rule.confidence):.3g} %): {others} shown to be worse{alone}."
        )
    return f"{_undecided(advice)}{_decided_class(advice, classes)}{_why_undecided(advice)}{alone}."


def _undecided(advice: Advice) -> str:
    assert advice.short_list is not None
    number, listed = len(advice.rivals), len(advice.short_list.readings)
    are = "is" if number == 1 else "are"
    metric = advice.rule.quality
    text = (
        f"Which of {advice.num_feasible} designs is best is undecided: "
        f"{count(number, 'other')} {are} not shown to be worse than the {metric.best_end} "
        f"{metric.noun}"
    )
    if listed > 1:
        within = "all" if listed - 1 == number > 1 else f"{listed - 1}"
        return text if number == 1 else f"{text}, {within} of them within the margin"
    return f"{text}, though none is within {metric.write_margin(advice.short_list.margin)} of it"


def _decided_class(advice: Advice, classes: Collection[str]) -> str:
    """Say that all designs in question are of one class, where others were measured too."""
    if len(classes) == 1 or not advice.class_decided or advice.best is None:
        return ""
    best = advice.best.design
    members = "" if best.k == 1 else f" with k = {best.k}"
    return f"; the class is decided: all of these are {best.design_class}{members}"


def _why_undecided(advice: Advice) -> str:
    """Name too few seeds as the reason, where they are."""
    assert advice.best is not None
    few = [advice.best, *(rival.reading for rival in advice.rivals)]
    lacking = [reading for reading in few if reading.num_seeds < MIN_SEEDS]
    if not lacking:
        return ""
    which = "all" if len(lacking) == len(few) else f"{len(lacking)} of these"
    have = "has" if len(lacking) == 1 else "have"
    return f"; {which} {have} {_seeds_of(lacking)}, and it takes {MIN_SEEDS} to show anything"


def _seeds_of(readings: Sequence[Reading]) -> str:
    numbers = sorted({reading.num_seeds for reading in readings})
    return " or ".join(map(str, numbers)) + (" seed" if numbers == [1] else " seeds")
