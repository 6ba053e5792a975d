"""What to build, how sure that is, and what would make it surer: the answer of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.image_rivals import find_image_rivals
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import advise
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.decision_rule import INTERVAL_NAMES, MIN_SEEDS
from ensemble_switchover.analysis.purchase_wording import join_words
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.analysis.switchover.class_names import spell_ensembles
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
    from ensemble_switchover.results.record import Record

MOST_COMPARED = 4
"""Most designs of which further seeds are proposed: the best and its nearest rivals."""


@dataclass(frozen=True, slots=True)
class WhatToBuild:
    """The answer for one data set, without any limit on what a design may cost."""

    title: str
    """The answer in a few words, for a headline."""
    build: str
    """What to build."""
    sure: str
    """How sure it is, against the other designs."""
    surer: str
    """What would make it surer."""
    command: str | None
    """The command that would; None where none is known."""
    details: tuple[str, ...]
    """What else there is to know of it."""


def answer_what_to_build(
    records: Sequence[Record],
    rule: DecisionRule,
    folders: Mapping[RunKey, Path] | None = None,
    image_reader: ImageErrorReader | None = None,
) -> list[WhatToBuild]:
    """Answer for each data set which of its designs to build.

    Args:
        records: The runs.
        rule: How errors are compared.
        folders: The folder of every finished run, for the command; None writes no command.
        image_reader: Reads on which images runs err, to count in their sampling.
    """
    designs = collect_designs(records, rule.keep_collapsed)
    answers = []
    for data in sorted({design.data for design in designs}):
        of_data = [design for design in designs if design.data == data]
        candidates = list_candidates(of_data, most_used_device(of_data))
        advice = advise(candidates, Limits(), rule)
        over_images = None
        if image_reader is not None and rule.method == "welch":
            over_images = find_image_rivals(advice, image_reader)
        build, *details = describe_advice(advice, over_images=over_images)
        surer, command = _say_what_makes_surer(advice, folders)
        answers.append(
            WhatToBuild(
                _write_title(advice, data),
                build,
                _say_how_sure(advice),
                surer,
                command,
                tuple(details),
            )
        )
    return answers


def _write_title(advice: Advice, data: str) -> str:
    """Write what to build in a few words, with what the answer depends on."""
    if advice.best is None:
        return f"{data}: nothing to build, as no run has a finite error"
    schedule = describe_shortened(advice.best.design.records)
    title = f"{advice.best.design.setting}: build {_name_design(advice.best)}"
    if advice.rivals:
        number = len(advice.rivals)
        title += f"; {number} other{'s' if number > 1 else ''} may be as good"
    return title if schedule is None else f"{title}, {schedule}"


def _name_design(reading: Reading) -> str:
    design = reading.design
    size = f"depth {design.depth}, width {design.width}"
    if design.design_class == "single" or design.k == 1:
        return f"a single network, {size}"
    kind = spell_ensembles(design.design_class).removesuffix("s")
    return f"a {kind} ({design.design_class}) of {design.k}, {size}"


def _name_briefly(reading: Reading) -> str:
    design = reading.design
    return f"{design.design_class} {design.depth}x{design.width}" + (
        f" of {design.k}" if design.k > 1 else ""
    )


def _say_how_sure(advice: Advice) -> str:
    """Say how many of the other designs are shown to be worse, and how far off the next one is."""
    if advice.best is None or advice.runner_up is None:
        return "No other design was trained, so there is nothing to compare it with."
    nearest, number, rivals = advice.runner_up, len(advice.others), len(advice.rivals)
    rule, seeds = advice.rule, count(advice.best.num_seeds, "seed")
    if not rivals:
        others = "The other design is" if number == 1 else f"All {number} other designs are"
        told = f"{others} shown to be worse"
    elif number == 1:
        told = "The other design is not shown to be worse"
    else:
        are = "is" if rivals == 1 else "are"
        told = f"{rivals} of the {number} other designs {are} not shown to be worse"
    told += f" ({rule.interval_name} over {seeds})"
    if nearest.difference is None:
        return f"{told}."
    off = f"{nearest.difference:+.2f} percentage points"
    if nearest.interval is not None:
        off += f", {write_interval(nearest.interval, '+.2f', INTERVAL_NAMES[rule.method])}"
    elif min(nearest.num_rival_seeds, nearest.num_best_seeds) < MIN_SEEDS:
        off += f", and it takes {MIN_SEEDS} seeds of both to say how sure that is"
    return f"{told}; the error of the next, {nearest.reading.design.label}, differs by {off}."


def _say_what_makes_surer(
    advice: Advice, folders: Mapping[RunKey, Path] | None
) -> tuple[str, str | None]:
    """Say which further runs would tell the best design from its rivals, with their command."""
    if advice.best is None:
        return "Runs with a finite error.", None
    if not advice.rivals:
        if advice.runner_up is None:
            return "Another design to compare it with.", None
        if advice.at_edge:
            return "A larger budget: the best design has the largest one that was measured.", None
        return "Nothing is open between the designs that were trained.", None
    nearest = [rival.reading for rival in advice.rivals[: MOST_COMPARED - 1]]
    compared = [advice.best, *nearest]
    number = max(advice.best.num_seeds, MIN_SEEDS)
    names = join_words([_name_briefly(reading) for reading in compared])
    told = f"{number} more seeds each of {names} (depth x width)."
    return told, None if folders is None else _write_command(compared, number, folders)


def _write_command(
    compared: Sequence[Reading], number: int, folders: Mapping[RunKey, Path]
) -> str | None:
    """Write the command of further seeds of designs, in the folder of their study."""
    runs, alike = [], []
    for reading in compared:
        record = same_treatment(reading.design.records)[0]
        first = 1 + max(record.seed for record in reading.design.records)
        runs.append((record.config, range(first, first + number)))
        alike.append(record)
    folder = folders[alike[0].study, alike[0].name].parent
    jobs = max(record.environment.concurrent_jobs for record in alike)
    return CommandWriter().write_further(runs, folder, jobs, alike[0].environment.times_of)
