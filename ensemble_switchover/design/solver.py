"""From a budget to the three design classes: single, depth-equivalent and width-equivalent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from ensemble_switchover.design.published import published_member
from ensemble_switchover.design.search import largest_depth, largest_width, next_depth
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.design.budget import Budget
    from ensemble_switchover.design.family import Family, ImageTask


class DesignClass(Enum):
    """The design classes of the paper (section 2)."""

    SINGLE = "single"
    DEQ = "deq"
    WEQ = "weq"


class BudgetRule(Enum):
    """How an ensemble follows from its budget."""

    RULE = "rule"
    """The inequality of section 2: the largest network with `k * |E| <= |S|`."""
    PUBLISHED = "published"
    """Tables B to D as printed (k = 4), though some rows break the inequality."""
    NEAREST = "nearest"
    """The network whose budget fill is closest to 1, from either side."""


@dataclass(frozen=True, slots=True)
class Design:
    """k networks of one depth and width, and the share of the budget that they spend."""

    design_class: DesignClass
    depth: int
    width: int
    k: int
    member_parameters: int
    member_flops: int
    budget_fill: float

    @property
    def parameters(self) -> int:
        """Trainable parameters of all members together."""
        return self.k * self.member_parameters


def solve(
    family: Family,
    budget: Budget,
    design_class: DesignClass,
    k: int,
    task: ImageTask,
    source: BudgetRule = BudgetRule.RULE,
) -> Design:
    """Find the design of a class under a budget (section 2 of the paper, Figure 1).

    `deq` keeps the single network's depth and takes the largest width with
    `k * |E(w', d)| <= |S|`; `weq` keeps its width and takes the largest depth.

    Args:
        family: The family of networks.
        budget: The single network that states the budget.
        design_class: Which of the three classes.
        k: The number of members; a single network has one whatever is given.
        task: What the networks must fit.
        source: The rule, the published tables, or the nearest fill.

    Raises:
        DesignError: if no such network exists; it names the smallest budget that would do.
    """
    depth, width = budget.depth, budget.width
    share = budget.parameters // k
    if design_class is DesignClass.SINGLE:
        k = 1
    elif source is BudgetRule.PUBLISHED:
        _refuse_options(family)
        depth, width = published_member(family.name, depth, width, design_class.value, k)
    elif design_class is DesignClass.DEQ:
        found = largest_width(family, depth, share, task)
        counts = partial(family.parameters, depth, task=task)
        knob = _Knob(f"depth {depth}", 1, (found or 0) + 1, counts)
        width = _choose(knob, found, budget, "design=deq", k, source)
    else:
        found = largest_depth(family, width, share, task)
        counts = partial(family.parameters, width=width, task=task)
        knob = _Knob(f"width {width}", family.depths[0], next_depth(family, found), counts)
        depth = _choose(knob, found, budget, "design=weq", k, source)
    parameters = family.parameters(depth, width, task)
    return Design(
        design_class=design_class,
        depth=depth,
        width=width,
        k=k,
        member_parameters=parameters,
        member_flops=family.flops(depth, width, task),
        budget_fill=k * parameters / budget.parameters,
    )


def _refuse_options(family: Family) -> None:
    usual = type(family)().options
    for name, value in family.options.items():
        if value != usual[name]:
            raise DesignError(
                f"budget.source=published: the tables are for arch.{name}={usual[name]}, "
                f"and {value} came"
            )


@dataclass(frozen=True, slots=True)
class _Knob:
    """The knob that a design class turns."""

    held: str
    smallest: int
    above: int | None
    """The next valid value above the one that was found, if there is one."""
    count: Callable[[int], int]
    """Parameters of one member at a value of the knob."""


def _choose(
    knob: _Knob, found: int | None, budget: Budget, request: str, k: int, source: BudgetRule
) -> int:
    if source is BudgetRule.NEAREST:
        candidates = [value for value in (found, knob.above) if value is not None]
        return min(candidates, key=lambda value: abs(k * knob.count(value) - budget.parameters))
    if found is None:
        raise DesignError(
            f"{request} k={k}: {k} networks of {knob.held} do not fit into {budget.parameters:,} "
            f"parameters (the single network {budget.depth}x{budget.width}); the smallest budget "
            f"that would do is {k * knob.count(knob.smallest):,} parameters"
        )
    return found
