"""Which further runs would make an advice surer, with the command that makes them.

In this order: the design classes that have no run; seeds up to the number that decides anything,
of the designs between which it is undecided; more time, where a command takes it and the budgets or
the schedule were cut short; the purchase that settles most of the switchovers of the study, if it
is likely to settle any; the recipe's whole schedule, where it was shortened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count as count_from
from itertools import islice
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.advice.headline import describe_reading
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.decision_rule import MIN_SEEDS
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.purchase_commands import PurchaseCommands
from ensemble_switchover.analysis.purchase_wording import describe_purchase, join_words
from ensemble_switchover.analysis.recorded_design import (
    recorded_budget,
    recorded_family,
    recorded_task,
)
from ensemble_switchover.analysis.shortened_schedule import shortened_lengths
from ensemble_switchover.analysis.study_purchases import plan_purchases, same_device
from ensemble_switchover.design import DesignClass
from ensemble_switchover.design.other_budgets import has_ensemble
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count, rough_duration
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice
    from ensemble_switchover.analysis.advice.trained_designs import TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.record import Record

USUAL_K = 4
"""Number of members of proposed ensembles where no ensemble was trained: the paper's."""
MAX_CONTENDERS = 4
"""Most designs of which further seeds are proposed at once."""


LEAST_PROBABILITY = 0.25
"""Purchases that are less likely to decide anything are not proposed."""
TAKES_LONGER = "Larger budgets, more epochs and more seeds take more time"
"""What is said of a command that goes on for longer, where nothing is known to be missing."""


@dataclass(frozen=True, slots=True)
class SurerStep:
    """What to run next."""

    text: str
    """What it is and what it takes, as the beginning of a sentence."""
    command: str | None
    """The command for a shell; None where it cannot be told, or nothing is to be run."""


def find_surer_step(
    advice: Advice,
    designs: Sequence[TrainedDesign],
    folders: Mapping[RunKey, Path],
    longer: str | None = None,
    again: str | None = None,
) -> SurerStep | None:
    """Find what would make an advice surer; None where nothing of a known cost would.

    Args:
        advice: An advice with a best design.
        designs: The designs that were considered.
        folders: The folder of every run.
        longer: The command that takes longer for a study of its own, if there is one.
        again: The command that goes on with this study, if there is one: it is to make runs of
            every class and up to the number of seeds that decides.
    """
    missing = _missing_classes(advice, designs, folders) or _missing_seeds(advice, folders)
    if missing is not None:
        return missing if again is None else replace(missing, command=again)
    return (
        _more_time(advice, longer)
        or _best_purchase(advice, designs, folders)
        or _whole_schedule(advice, folders)
        or (None if longer is None else SurerStep(TAKES_LONGER, longer))
    )


def _missing_classes(
    advice: Advice, designs: Sequence[TrainedDesign], folders: Mapping[RunKey, Path]
) -> SurerStep | None:
    """Propose the classes without any run, at the budget of the design to build."""
    recommended = _recommended(advice).design
    known = {design.design_class for design in designs}
    members = [design.k for design in designs if design.k > 1]
    k = max(set(members), key=members.count) if members else USUAL_K
    record = _representative(recommended)
    missing = [
        name
        for name in DesignClass
        if name.value not in known and (name is DesignClass.SINGLE or _exists(record, name, k))
    ]
    if not missing:
        return None
    seeds = sorted({r.seed for r in recommended.records})
    if len(seeds) < MIN_SEEDS:
        seeds = list(range(MIN_SEEDS))
    runs = [(_of_class(record, name, k), seeds) for name in missing]
    own = _unused_seeds(recommended, MIN_SEEDS - recommended.num_runs)
    if own:
        runs.append((record.config, own))
    names = [
        "the single network" if name is DesignClass.SINGLE else f"{name.value} with k = {k}"
        for name in missing
    ]
    budget = f"{record.budget.depth}x{record.budget.width}"
    beside = f", and {count(len(own), 'more seed')} of the design itself" if own else ""
    text = f"Runs of {join_words(names)} at the same budget of {budget}{beside} would make it surer"
    return SurerStep(text, _write(runs, [record], folders))


def _missing_seeds(advice: Advice, folders: Mapping[RunKey, Path]) -> SurerStep | None:
    """Propose seeds of the designs in question, up to the number that decides anything."""
    if not advice.rivals:
        return None
    contenders = [r.design for r in _contenders(advice)]
    amounts = [(d, _unused_seeds(d, MIN_SEEDS - len(d.errors))) for d in contenders]
    amounts = [(design, seeds) for design, seeds in amounts if seeds][:MAX_CONTENDERS]
    if not amounts:
        return None
    seconds = sum(_run_seconds(design) * len(seeds) for design, seeds in amounts)
    numbers = {len(seeds) for _, seeds in amounts}
    most = count(max(numbers), "more seed")
    each = " each" if len(amounts) > 1 else ""
    upto = "up to " if len(numbers) > 1 else ""
    labels = join_words([design.label.replace(",", "") for design, _ in amounts])
    records = [_representative(design) for design, _ in amounts]
    runs = [(r.config, seeds) for r, (_, seeds) in zip(records, amounts, strict=True)]
    text = (
        f"{upto}{most}{each} of {labels}, in about {rough_duration(seconds)} one after another, "
        "would make it surer"
    )
    return SurerStep(text[:1].upper() + text[1:], _write(runs, records, folders))


def _more_time(advice: Advice, longer: str | None) -> SurerStep | None:
    """Propose more time, where what was measured was cut short."""
    lengths = shortened_lengths(_recommended(advice).design.records)
    wanted = ["for larger budgets than those measured"] if advice.at_edge else []
    wanted += ["for a schedule nearer to the recipe's"] if lengths else []
    if longer is None or not wanted:
        return None
    return SurerStep(f"More time would tell whether it holds {join_words(wanted)}", longer)


def _best_purchase(
    advice: Advice, designs: Sequence[TrainedDesign], folders: Mapping[RunKey, Path]
) -> SurerStep | None:
    """Propose the purchase that settles most of where ensembles switch over, if it is undecided."""
    if not advice.rivals or advice.rule.method == "paired_t":
        return None
    records = [record for design in designs for record in design.records]
    try:
        findings = [derive_finding(each, advice.rule) for each in group_comparisons(records)]
    except RecordError:
        return None  # runs that cannot be laid out as a grid still give an advice
    planned = plan_purchases(findings, advice.rule)
    likely = [
        purchase
        for purchase in planned.purchases
        if max(found.probability for found in purchase.decisions) >= LEAST_PROBABILITY
    ]
    if not likely:
        return None
    best = likely[0]
    command = PurchaseCommands(planned.records, folders).write(best)
    text = describe_purchase(planned, best, command).text
    return SurerStep(f"Of all further runs these settle most: {text}", command)


def _whole_schedule(advice: Advice, folders: Mapping[RunKey, Path]) -> SurerStep | None:
    """Propose the design to build and its nearest on the recipe's whole schedule."""
    readings = [r for r in (advice.best, *(o.reading for o in advice.others[:1])) if r is not None]
    lengths = shortened_lengths([r for reading in readings for r in reading.design.records])
    if not lengths:
        return None
    ran, own = lengths[-1]
    records = [_representative(reading.design) for reading in readings]
    seeds = list(range(MIN_SEEDS))
    runs = [({**record.config, "epochs": None}, seeds) for record in records]
    seconds = sum(_run_seconds(r.design) for r in readings) * len(seeds) * own / ran
    names = join_words([describe_reading(r).partition(" (")[0].replace(",", "") for r in readings])
    text = (
        f"The recipe's whole schedule of {own:,} epochs for {names}, in about "
        f"{rough_duration(seconds)} one after another, would make it surer"
    )
    return SurerStep(text, _write(runs, records, folders))


def _recommended(advice: Advice) -> Reading:
    assert advice.recommended is not None
    return advice.recommended


def _contenders(advice: Advice) -> list[Reading]:
    """Return the short list or, where the best is alone on it, the best and its nearest rival."""
    assert advice.short_list is not None
    listed = list(advice.short_list.readings)
    return listed if len(listed) > 1 else [*listed, advice.rivals[0].reading]


def _representative(design: TrainedDesign) -> Record:
    return same_treatment(design.records)[0]


def _exists(record: Record, design_class: DesignClass, k: int) -> bool:
    family = recorded_family(record.design)
    if isinstance(family, str):
        return False
    budget, task = recorded_budget(record.budget), recorded_task(record.dataset)
    return has_ensemble(family, budget, task, design_class, k)


def _of_class(record: Record, design_class: DesignClass, k: int) -> dict[str, Any]:
    """Return the configuration of a record with another design class."""
    if "design_class" not in record.config:
        return {}
    return {**record.config, "design_class": {"name": design_class.value, "k": k}, "k": k}


def _unused_seeds(design: TrainedDesign, number: int) -> list[int]:
    used = {record.seed for record in design.records}
    return list(islice((seed for seed in count_from() if seed not in used), max(0, number)))


def _run_seconds(design: TrainedDesign) -> float:
    return fmean(record.wall_seconds for record in same_device(design.records))


def _write(
    runs: Sequence[tuple[Mapping[str, Any], Sequence[int]]],
    alike: Sequence[Record],
    folders: Mapping[RunKey, Path],
) -> str | None:
    """Write the command of further runs; None where it cannot be told."""
    first = alike[0]
    folder = folders.get((first.study, first.name))
    if folder is None or not all(config.get("design_class") for config, _ in runs):
        return None
    jobs = max(record.environment.concurrent_jobs for record in alike)
    return CommandWriter().write_further(runs, folder.parent, jobs, first.environment.times_of)
