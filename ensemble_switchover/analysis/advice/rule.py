"""Which design to build with what a user has: the rule that the command and the page share.

The question is the paper's (section 1): given requirements in accuracy, training time, inference
time and memory, one network or an ensemble, and of which shape? Only what was measured is advised:

- A design fits if its means keep every limit. Epochs and hours decide after which epoch its run is
  read: the last within both.
- The best design is the one of the lowest mean error. A rival is any other design that fits and is
  not shown to be worse: the 95 % t interval of its error minus the best one's, paired by seed, is
  not wholly above zero. Without rivals the answer is decided. Every other design has to be shown to
  be worse, so trying many makes no decision more likely where there is no difference.
- Nothing is extrapolated: parameters or epochs beyond what was measured, and limits on what was
  not measured at all, get no advice.
- Where nothing fits, the limits that are in the way are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.binding_limits import Binding, find_bindings
from ensemble_switchover.analysis.advice.limits import Fit, Limits, finite_errors, fit_all, taken
from ensemble_switchover.analysis.statistics import Interval, paired_t_interval, sample_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.trained_designs import Candidate

REACH = 1.25
"""Parameters or epochs of more than so many times the most that was measured get no advice."""

COSTS = ("parameters", "hours", "memory_bytes", "latency_ms", "fastest_latency_ms")
"""What a design costs, by the names of the limits."""


class AdviceAnswer(Enum):
    """What the records say."""

    DECIDED = "decided"
    """Every other design that fits is shown to be worse."""
    UNDECIDED = "undecided"
    """Some are not."""
    INFEASIBLE = "infeasible"
    """No design that was measured fits."""
    OUTSIDE = "outside"
    """The question lies outside what was measured."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another design that fits, against the best one."""

    fit: Fit
    difference: float | None
    """Mean of its error minus the best one's over the paired seeds, in percentage points."""
    interval: Interval | None
    """The t interval of that; None where the seeds give none."""
    num_pairs: int

    @property
    def is_worse(self) -> bool:
        """Tell whether it is shown to be worse than the best one."""
        return self.interval is not None and self.interval.above_zero


@dataclass(frozen=True, slots=True)
class Outside:
    """A limit that lies beyond what was measured."""

    limit: str
    asked: float
    measured: float | None
    """The most that was measured; None where nothing was."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The design to build, and how sure that is."""

    answer: AdviceAnswer
    limits: Limits
    best: Fit | None
    """The design of the lowest mean error; None where there is no advice."""
    runner_up: Rival | None
    """The design of the next lowest; None where no other fits."""
    rivals: tuple[Rival, ...]
    """All that fit and are not shown to be worse, best first."""
    cheapest: tuple[tuple[str, Fit], ...]
    """Cost -> the one that takes the least of it, of those that will do: that reach the accuracy
    wanted, or where none is, that are not shown to be worse than the best."""
    bindings: tuple[Binding, ...]
    """What is in the way, where nothing fits."""
    outside: tuple[Outside, ...]
    num_designs: int
    """Designs that were considered."""
    num_fitting: int
    num_runs: int
    """Runs that the designs considered are known from."""
    latency_batch_sizes: tuple[int, ...]
    """Batch sizes of the inference times of all that were considered, ascending."""
    at_edge: bool
    """True if the best design is of the largest budget that was measured, and that is no limit."""

    @property
    def class_decided(self) -> bool:
        """Tell whether every rival has the best design's class and number of members."""
        if self.best is None:
            return False
        best = self.best.design
        others = [rival.fit.design for rival in self.rivals]
        return all((d.design_class, d.k) == (best.design_class, best.k) for d in others)


def advise(candidates: Sequence[Candidate], limits: Limits) -> Advice:
    """Advise a design.

    Args:
        candidates: Designs of one data set, with what they took on one device.
        limits: What the user has.

    Raises:
        ValueError: if there is no candidate.
    """
    if not candidates:
        raise ValueError("no candidates: expected at least one design")
    designs = {c.design.key: c.design for c in candidates}.values()
    outside = _find_outside(candidates, limits)
    fits = [] if outside else fit_all(candidates, limits)
    best = fits[0] if fits else None
    others = [] if best is None else [_compare(fit, best) for fit in fits[1:]]
    rivals = tuple(rival for rival in others if not rival.is_worse)
    bindings = [] if outside or fits else find_bindings(candidates, limits)
    answer = AdviceAnswer.UNDECIDED if rivals else AdviceAnswer.DECIDED
    if best is None:
        # Where not even all limits together are to blame, no seed has an error that is a number.
        answer = AdviceAnswer.INFEASIBLE if bindings else AdviceAnswer.OUTSIDE
    costs = [c.cost for c in candidates if c.cost is not None]
    sizes = {cost.latency_batch_size for cost in costs if cost.latency_batch_size is not None}
    largest = max(design.budget_parameters for design in designs)
    enough = limits.parameters is None or limits.parameters >= largest
    return Advice(
        answer=answer,
        limits=limits,
        best=best,
        runner_up=others[0] if others else None,
        rivals=rivals,
        cheapest=_find_cheapest(fits, rivals, limits),
        bindings=tuple(bindings),
        outside=tuple(outside),
        num_designs=len(designs),
        num_fitting=len(fits),
        num_runs=sum(design.num_runs for design in designs),
        latency_batch_sizes=tuple(sorted(sizes)),
        at_edge=best is not None and enough and best.design.budget_parameters == largest,
    )


def _find_outside(candidates: Sequence[Candidate], limits: Limits) -> list[Outside]:
    outside = []
    reached: dict[str, float] = {
        "parameters": max(max(c.design.parameters, c.design.budget_parameters) for c in candidates),
        "epochs": max(c.design.epochs[-1] for c in candidates),
    }
    for name in limits.given:
        asked = getattr(limits, name)
        if name in reached and asked > REACH * reached[name]:
            outside.append(Outside(name, asked, reached[name]))
    costs = [c.cost for c in candidates if c.cost is not None]
    measured = {
        "hours": bool(costs),
        "memory_bytes": any(cost.memory_bytes is not None for cost in costs),
        "latency_ms": any(cost.latency_ms is not None for cost in costs),
        "fastest_latency_ms": any(cost.fastest_latency_ms is not None for cost in costs),
    }
    for name, is_there in measured.items():
        if name in limits.given and not is_there:
            outside.append(Outside(name, getattr(limits, name), None))
    return outside


def _compare(fit: Fit, best: Fit) -> Rival:
    theirs, ours = finite_errors(fit.design, fit.row), finite_errors(best.design, best.row)
    differences = [theirs[seed] - ours[seed] for seed in sorted(theirs) if seed in ours]
    mean = sample_mean(differences) if differences else None
    return Rival(fit, mean, paired_t_interval(differences), len(differences))


def _find_cheapest(
    fits: Sequence[Fit], rivals: Sequence[Rival], limits: Limits
) -> tuple[tuple[str, Fit], ...]:
    will_do = list(fits)
    if limits.accuracy_percent is None:
        will_do = [*fits[:1], *(rival.fit for rival in rivals)]
    cheapest = []
    for name in COSTS:
        known = [(value, fit) for fit in will_do if (value := taken(fit, name)) is not None]
        if known:
            cheapest.append((name, min(known, key=lambda entry: entry[0])[1]))
    return tuple(cheapest)
