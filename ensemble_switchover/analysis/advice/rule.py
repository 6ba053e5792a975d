"""The rule that chooses a design within given limits; the command and the explorer share it.

The question is the paper's (section 1): given requirements on accuracy, training time, inference
time and memory, should one build one network or an ensemble, and of which shape? Only trained
designs are advised:

- A design qualifies if its means meet every limit. Epochs and hours decide after which epoch its
  runs are read: the last epoch within both.
- The best design has the lowest mean error, or the best mean of another metric (`--metric`), which
  then stands in place of the error in all that follows. A rival is any other qualifying design
  that is not shown to be worse: the interval of its error minus the best design's
  (`analysis.decision_rule`) is not wholly above zero, or there is none because either has too few
  seeds. Without rivals the answer is decided. Since every other design has to be shown to be worse,
  comparing many designs makes a false decision no more likely.
- What to build is the cheapest of those designs that are as good as the best within a margin
  (`analysis.advice.short_list`).
- Collapsed runs (`analysis.collapse`) are left out of errors, unless the rule keeps them; the
  designs hold which.
- Nothing is extrapolated: limits on parameters or epochs beyond the measured range get the best
  measured design, and limits on quantities that were not measured at all cannot be checked. The
  advice names both.
- Where no design qualifies, the limits that rule them out are named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.binding_limits import BindingLimits, find_binding_limits
from ensemble_switchover.analysis.advice.limits import (
    Limits,
    Reading,
    amount_used,
    feasible_readings,
)
from ensemble_switchover.analysis.advice.short_list import ShortList, make_short_list
from ensemble_switchover.analysis.collapse_counts import count_collapsed
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.difference import compare_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate, TrainedDesign
    from ensemble_switchover.analysis.collapse_counts import CollapseCount
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.statistics import Interval
    from ensemble_switchover.results.record import Record

MEASURED_RANGE_FACTOR = 1.25
"""A limit on parameters or epochs above this multiple of the measured maximum is remarked on."""

COSTS = (
    *("parameters", "hours", "memory_bytes"),
    *("latency_ms", "latency_p99_ms", "fastest_latency_ms"),
)
"""The names of the limits that restrict a cost of a design."""


class AdviceAnswer(Enum):
    """The kinds of answer."""

    DECIDED = "decided"
    """Every other qualifying design is shown to be worse than the best."""
    UNDECIDED = "undecided"
    """At least one other qualifying design is not shown to be worse."""
    INFEASIBLE = "infeasible"
    """No trained design meets the limits."""
    OUTSIDE = "outside"
    """No design has an error that is a finite number."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another qualifying design, compared with the best one."""

    reading: Reading
    difference: float | None
    """Its mean loss minus the best design's, in percentage points of error unless another metric is
    compared; None if seeds are paired and none is shared."""
    interval: Interval | None
    """The interval of the difference; None where the seeds give none."""
    num_rival_seeds: int
    """Number of its seeds in the comparison; if seeds are paired, those that both designs have."""
    num_best_seeds: int
    """Number of the best design's seeds in the comparison."""

    @property
    def is_worse(self) -> bool:
        """Tell whether it is shown to be worse than the best design."""
        return self.interval is not None and self.interval.lower > 0.0


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A limit beyond the measured range, or on a quantity that was not measured."""

    limit: str
    asked: float
    """The value of the limit, in its unit."""
    measured: float | None
    """The largest measured value; None where nothing was measured, so that it is not checked."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The design to build, and how certain the choice is."""

    answer: AdviceAnswer
    limits: Limits
    rule: DecisionRule
    best: Reading | None
    """The qualifying design with the lowest mean error; None where there is no advice."""
    runner_up: Rival | None
    """The qualifying design with the next lowest mean error; None where there is no other."""
    others: tuple[Rival, ...]
    """All other qualifying designs, best first."""
    rivals: tuple[Rival, ...]
    """Those of them that are not shown to be worse than the best."""
    short_list: ShortList | None
    """The designs as good as the best within the margin; None where there is no advice."""
    cheapest: tuple[tuple[str, Reading], ...]
    """Cost -> the acceptable design with the least of it. Acceptable are the designs that reach the
    requested accuracy or, without such a limit, those of the short list."""
    bindings: tuple[BindingLimits, ...]
    """The limits that rule out every design; empty where a design qualifies."""
    outside: tuple[OutOfRange, ...]
    num_designs: int
    """Number of designs that were considered."""
    num_feasible: int
    """Number of designs that meet the limits."""
    num_runs: int
    """Number of runs of the designs that were considered."""
    collapsed: tuple[Record, ...]
    """Collapsed runs of the designs that were considered."""
    collapse_counts: tuple[CollapseCount, ...]
    """How many of their single networks and of their ensembles collapsed."""
    latency_batch_sizes: tuple[int, ...]
    """Batch sizes of the inference times of all considered designs, ascending."""
    num_other_times: int
    """Number of designs whose times on the device are of the other kind only: of runs themselves,
    or of timing passes."""
    at_edge: bool
    """True if the best design has the largest measured budget and no limit excludes larger ones."""

    @property
    def recommended(self) -> Reading | None:
        """The design to build: the cheapest of the short list; None where there is no advice."""
        return None if self.short_list is None else self.short_list.readings[0]

    @property
    def class_decided(self) -> bool:
        """Tell whether every rival has the best design's class and number of members."""
        if self.best is None:
            return False
        best = self.best.design
        others = [rival.reading.design for rival in self.rivals]
        return all((d.design_class, d.k) == (best.design_class, best.k) for d in others)


def advise(
    candidates: Sequence[Candidate],
    limits: Limits,
    rule: DecisionRule = DEFAULT_RULE,
    margin: float | None = None,
    read_spread: Callable[[TrainedDesign], float | None] | None = None,
) -> Advice:
    """Choose the design to build.

    Args:
        candidates: Designs of one data set, with their costs on one device. Whether they hold the
            errors of collapsed runs is what the rule says about them.
        limits: The user's limits.
        rule: How errors are compared.
        margin: Within which a design is as good as the best, in the unit of the metric; None: the
            default (`short_list.metric_margin`).
        read_spread: Returns how much the losses of images of a design vary, as a share of their
            mean, where its runs kept predictions (`analysis.advice.loss_spread`).

    Raises:
        ValueError: if there is no candidate, or if the confidence is not between 0 and 1.
    """
    if not candidates:
        raise ValueError("no candidates: expected at least one design")
    designs = {c.design.key: c.design for c in candidates}.values()
    outside = _find_out_of_range(candidates, limits)
    checked = limits.without([entry.limit for entry in outside if entry.measured is None])
    readings = feasible_readings(candidates, checked)
    best = readings[0] if readings else None
    others = [] if best is None else [_compare(reading, best, rule) for reading in readings[1:]]
    rivals = tuple(rival for rival in others if not rival.is_worse)
    listed = None
    if best is not None:
        of_whole = margin is None and best.design.cascade is None
        spread = read_spread(best.design) if read_spread and of_whole else None
        listed = make_short_list(best, [r.reading for r in rivals], checked, margin, spread)
    bindings = [] if readings else find_binding_limits(candidates, checked)
    answer = AdviceAnswer.UNDECIDED if rivals else AdviceAnswer.DECIDED
    if best is None:
        # Without binding limits, no design has a finite error.
        answer = AdviceAnswer.INFEASIBLE if bindings else AdviceAnswer.OUTSIDE
    whole = [design for design in designs if design.cascade is None]  # a cascade has their runs
    collapsed = tuple(record for design in whole for record in design.collapsed)
    keys = {(record.study, record.name) for record in collapsed}
    records = [record for design in whole for record in design.records]
    costs = [c.cost for c in candidates if c.cost is not None]
    sizes = {cost.latency_batch_size for cost in costs if cost.latency_batch_size is not None}
    largest = max(design.budget_parameters for design in designs)
    is_unlimited = limits.parameters is None or limits.parameters >= largest
    return Advice(
        answer=answer,
        limits=limits,
        rule=rule,
        best=best,
        runner_up=others[0] if others else None,
        others=tuple(others),
        rivals=rivals,
        short_list=listed,
        cheapest=_find_cheapest(readings, listed, limits),
        bindings=tuple(bindings),
        outside=tuple(outside),
        num_designs=len(designs),
        num_feasible=len(readings),
        num_runs=sum(design.num_runs for design in whole),
        collapsed=collapsed,
        collapse_counts=tuple(count_collapsed(records, keys, rule.confidence)),
        latency_batch_sizes=tuple(sorted(sizes)),
        num_other_times=sum(candidate.has_other_times for candidate in candidates),
        at_edge=best is not None and is_unlimited and best.design.budget_parameters == largest,
    )


def _find_out_of_range(candidates: Sequence[Candidate], limits: Limits) -> list[OutOfRange]:
    outside = []
    reached: dict[str, float] = {
        "parameters": max(max(c.design.parameters, c.design.budget_parameters) for c in candidates),
        "epochs": max(c.design.epochs[-1] for c in candidates),
    }
    for name in limits.given:
        asked = getattr(limits, name)
        if name in reached and asked > MEASURED_RANGE_FACTOR * reached[name]:
            outside.append(OutOfRange(name, asked, reached[name]))
    costs = [c.cost for c in candidates if c.cost is not None]
    measured = {
        "hours": any(cost.seconds is not None for cost in costs),
        "memory_bytes": any(cost.memory_bytes is not None for cost in costs),
        "latency_ms": any(cost.latency_ms is not None for cost in costs),
        "latency_p99_ms": any(cost.latency_p99_ms is not None for cost in costs),
        "fastest_latency_ms": any(cost.fastest_latency_ms is not None for cost in costs),
    }
    for name, is_measured in measured.items():
        if name in limits.given and not is_measured:
            outside.append(OutOfRange(name, getattr(limits, name), None))
    return outside


def _compare(reading: Reading, best: Reading, rule: DecisionRule) -> Rival:
    theirs, ours = (
        {seed: (loss,) for seed, loss in of.seed_losses.items()} for of in (reading, best)
    )
    found = compare_errors(theirs, ours, rule)
    mean = float(found.mean[0])
    return Rival(
        reading=reading,
        difference=None if math.isnan(mean) else mean,
        interval=found.interval(0, rule.confidence),
        num_rival_seeds=int(found.num_first[0]),
        num_best_seeds=int(found.num_second[0]),
    )


def _find_cheapest(
    readings: Sequence[Reading], listed: ShortList | None, limits: Limits
) -> tuple[tuple[str, Reading], ...]:
    acceptable = readings
    if limits.accuracy_percent is None and listed is not None:
        acceptable = [r for r in readings if any(r is of_list for of_list in listed.readings)]
    cheapest = []
    for name in COSTS:
        if name == "latency_p99_ms" and name not in limits.given:
            continue  # of most designs it is that of the mean
        known = [(value, r) for r in acceptable if (value := amount_used(r, name)) is not None]
        if known:
            cheapest.append((name, min(known, key=lambda entry: entry[0])[1]))
    return tuple(cheapest)
