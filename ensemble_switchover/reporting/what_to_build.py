"""What to build, how sure that is, and what would make it surer: the answer of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.image_rivals import find_image_rivals
from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.short_answer import answer_shortly
from ensemble_switchover.analysis.advice.trained_designs import collect_designs
from ensemble_switchover.analysis.advice.wording import describe_advice
from ensemble_switchover.analysis.shortened_schedule import describe_shortened
from ensemble_switchover.analysis.switchover.class_names import spell_ensembles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class WhatToBuild:
    """The answer for one data set."""

    data: str
    """The data set, as the designs were trained on it."""
    title: str
    """The answer in a few words, for a headline."""
    build: str
    """What to build."""
    sure: str | None
    """How sure it is, against the other designs; None where there is nothing to build."""
    surer: str | None
    """What would make it surer; None where there is nothing to build."""
    command: str | None
    """The command that would; None where none is known."""
    details: tuple[str, ...]
    """What else there is to know of it."""


def answer_what_to_build(
    records: Sequence[Record],
    rule: DecisionRule,
    folders: Mapping[RunKey, Path],
    image_reader: ImageErrorReader | None = None,
    limits: Limits | None = None,
) -> list[WhatToBuild]:
    """Answer for each data set, in the order of the designs, which of them to build.

    Args:
        records: The runs, which have the metric of the rule.
        rule: How designs are compared.
        folders: The folder of every finished run, for the command.
        image_reader: Reads on which images runs err, to count in their sampling.
        limits: On what a design may cost; None for none.
    """
    of_data: dict[str, list[Record]] = {}
    for design in collect_designs(records, rule.keep_collapsed):
        of_data.setdefault(design.data, []).extend(design.records)
    within = limits or Limits()
    return [
        _answer(data, runs, rule, folders, image_reader, within) for data, runs in of_data.items()
    ]


def _answer(
    data: str,
    records: Sequence[Record],
    rule: DecisionRule,
    folders: Mapping[RunKey, Path],
    image_reader: ImageErrorReader | None,
    limits: Limits,
) -> WhatToBuild:
    found = answer_shortly(records, folders, limits, rule)
    assert found.advice is not None
    over_images = None
    if image_reader is not None and rule.method == "welch":
        over_images = find_image_rivals(found.advice, image_reader)
    _, *details = describe_advice(found.advice, over_images=over_images)
    step = None if found.step is None else f"{found.step}{'.' if found.command is None else ':'}"
    title = _write_title(found.advice, data)
    return WhatToBuild(
        data, title, found.build, found.sureness, step, found.command, tuple(details)
    )


def _write_title(advice: Advice, data: str) -> str:
    """Write what to build in a few words, with what the answer depends on."""
    if advice.recommended is None:
        noun = advice.rule.quality.noun
        return f"{data}: nothing to build, as no run has a finite {noun}"
    design = advice.recommended.design
    schedule = describe_shortened(design.records)
    by = advice.rule.quality.by_name
    title = f"{design.setting}{by}: build {_name_design(advice.recommended)}"
    number = len(advice.short_list.readings) - 1 if advice.short_list else 0
    if number:
        title += f"; {number} other{'s' if number > 1 else ''} may be as good"
    elif advice.rivals:
        title += "; not decided yet"
    return title if schedule is None else f"{title}, {schedule}"


def _name_design(reading: Reading) -> str:
    design = reading.design
    size = f"depth {design.depth}, width {design.width}"
    if design.design_class == "single" or design.k == 1:
        return f"a single network, {size}"
    kind = spell_ensembles(design.design_class).removesuffix("s")
    return f"a {kind} ({design.design_class}) of {design.k}, {size}"
