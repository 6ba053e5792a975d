"""Purchases in words, with the command that makes their runs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.study_purchases import same_device
from ensemble_switchover.machine.terminal import count, rough_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.purchase import Purchase
    from ensemble_switchover.analysis.study_purchases import BudgetedDesign, StudyPurchases

SETTLED = "Every switchover{by} that was asked for is settled: no further runs are needed."
UNBOUNDED = "no smaller budget has such a design, so its range is not bounded from below"


@dataclass(frozen=True, slots=True)
class ShownPurchase:
    """A purchase for people and programs."""

    text: str
    """What is bought, what it decides, with which probability, and what it takes."""
    seconds: float
    """Predicted seconds of all runs, one after another."""
    device: str
    """Name of the device that the seconds are of."""
    num_runs: int
    lowest_probability: float
    """Of the cells that it may decide."""
    highest_probability: float
    command: str | None
    """The command for a shell; None where it cannot be told."""


def describe_purchase(
    study: StudyPurchases, purchase: Purchase[BudgetedDesign], command: str | None
) -> ShownPurchase:
    """Describe a purchase in one sentence.

    The text holds only numbers, names of design classes, of settings and of the device.

    Args:
        study: What is open in the study.
        purchase: The purchase.
        command: The command that makes its runs, if it can be told.
    """
    device = _device(study, purchase)
    bounds = {d.cell.question for d in purchase.decisions if study.is_below_all(d.cell)}
    shares = [found.probability for found in purchase.decisions]
    low, high = min(shares), max(shares)
    chance = " to ".join(dict.fromkeys((_percent(low), _percent(high))))
    settings = {entry.finding.comparison.setting_label for entry in study.asked}
    where = ""
    if len(settings) > 1:
        first = study.asked[purchase.decisions[0].cell.question]
        where = f"{first.finding.comparison.setting_label}: "
    text = (
        f"{where}{_amounts(study, purchase)}: {_decides(study, purchase, bounds)}{study.by} with a "
        f"probability of {chance} %, in about {rough_duration(purchase.seconds)} on {device}"
    )
    num_runs = sum(number for _, number in purchase.amounts)
    return ShownPurchase(text, purchase.seconds, device, num_runs, low, high, command)


def describe_standing(study: StudyPurchases) -> list[str]:
    """Return sentences on what is settled, and on what no purchase is likely to decide."""
    lines = []
    if study.asked and not study.cells:
        lines.append(SETTLED.format(by=study.by))
    elif study.cells and not study.purchases:
        number = count(len(study.cells), "budget")
        verb, which = ("keeps", "it") if len(study.cells) == 1 else ("keep", "one")
        lines.append(
            f"{number} {verb} a switchover{study.by} open, and no purchase is likely to decide "
            f"{which}: the designs are about equally good there."
        )
    lines += [
        f"{entry.ensemble_class} of {entry.finding.comparison.label}: {UNBOUNDED}."
        for entry in study.asked
        if entry.standing.ruled_out < 0 and entry.standing.beyond == 0 and entry.smaller is None
    ]
    return lines


def _percent(probability: float) -> str:
    """Write a probability in percent; none is certain, as variances are estimates.

    >>> _percent(0.431), _percent(0.999)
    ('43', 'over 99')
    """
    return "over 99" if probability >= 0.995 else f"{100 * probability:.0f}"


def _amounts(study: StudyPurchases, purchase: Purchase[BudgetedDesign]) -> str:
    """Write such as `2 more seeds of the single network 26x32`."""
    designs = sorted(
        purchase.amounts, key=lambda entry: (entry[0].design_class != "single", entry[0].k)
    )
    network, budget = designs[0][0].network, designs[0][0].budget
    by_number: defaultdict[tuple[int, bool], list[BudgetedDesign]] = defaultdict(list)
    for design, number in designs:
        by_number[number, bool(study.records.get(design))].append(design)
    parts = []
    for (number, has_runs), group in by_number.items():
        each = " each" if len(group) > 1 else ""
        seeds = f"{number} more seed" if has_runs else f"{number} seed"
        seeds += "s" if number != 1 else ""
        parts.append(f"{seeds}{each} of {join_words([_name(design) for design in group])}")
    where = f"at {network}"
    if all(design.design_class == "single" for design, _ in designs):
        where = network
    if not any(study.records.get(design) for design, _ in designs):
        where += f", a new budget of {budget.parameters:,} parameters"
    return f"{join_words(parts)} {where}"


def _name(design: BudgetedDesign) -> str:
    if design.design_class == "single":
        return "the single network"
    return f"{design.design_class} with k = {design.k}"


def _decides(study: StudyPurchases, purchase: Purchase[BudgetedDesign], bounds: set[int]) -> str:
    """Write such as `decides deq and weq at k = 2, 4`."""
    parts = []
    for verb, wanted in (("decides", False), ("bounds", True)):
        members: defaultdict[str, list[int]] = defaultdict(list)
        for found in purchase.decisions:
            number = found.cell.question
            if (number in bounds) == wanted:
                asked = study.asked[number]
                members[asked.ensemble_class].append(asked.finding.comparison.k)
        classes: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
        for name in sorted(members):
            classes[tuple(sorted(members[name]))].append(name)
        told = [
            f"{join_words(names)} at k = {', '.join(map(str, ks))}" for ks, names in classes.items()
        ]
        if told:
            below = " from below" if wanted else ""
            parts.append(f"{verb} {join_words(told)}{below}")
    return join_words(parts)


def join_words(words: Sequence[str]) -> str:
    """Join words with commas and a last `and`.

    >>> join_words(["a", "b", "c"]), join_words(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _device(study: StudyPurchases, purchase: Purchase[BudgetedDesign]) -> str:
    """Name the device that the seconds are of."""
    records = [record for design, _ in purchase.amounts for record in study.records.get(design, ())]
    if not records:
        setting = study.asked[purchase.decisions[0].cell.question].finding.comparison
        records = list(setting.records)
    environment = same_device(records)[0].environment
    return f"{environment.device_name} ({environment.device})"
