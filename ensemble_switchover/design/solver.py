"""Solve for the design of each class under a budget: single, depth- or width-equivalent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from ensemble_switchover.design.largest_network import largest_depth, largest_width, next_depth
from ensemble_switchover.design.published import published_member
from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.design.budget import Budget
    from ensemble_switchover.design.family import Family, ImageTask


class DesignClass(Enum):
    """A design class of the paper (section 2): single, depth- or width-equivalent ensemble."""

    SINGLE = "single"
    DEQ = "deq"
    WEQ = "weq"


class BudgetRule(Enum):
    """How a member is chosen for a budget."""

    RULE = "rule"
    """The largest network with `k * |E| <= |S|`, the inequality of section 2."""
    PUBLISHED = "published"
    """The network printed in Tables B to D (k = 4), although some rows break the inequality."""
    NEAREST = "nearest"
    """The network whose budget fill is closest to 1, below or above."""


@dataclass(frozen=True, slots=True)
class Design:
    """An ensemble of k networks of the same depth and width, or a single network (k = 1)."""

    design_class: DesignClass
    depth: int
    width: int
    k: int
    member_parameters: int
    """Trainable parameters of one member."""
    member_flops: int
    """FLOPs of one member's forward pass for one image."""
    budget_fill: float
    """The parameters of all members, as a fraction of the budget."""

    @property
    def parameters(self) -> int:
        """The trainable parameters of all members together."""
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
        budget: The budget, given by its single network.
        design_class: The design class to solve for.
        k: The number of members; ignored for a single network, which has one.
        task: The images and classes of the data set.
        source: How the member is chosen.

    Raises:
        DesignError: if there is no such network; names the smallest sufficient budget.
    """
    depth, width = budget.depth, budget.width
    share = budget.parameters // k
    if design_class is DesignClass.SINGLE:
        k = 1
    elif source is BudgetRule.PUBLISHED:
        _check_default_options(family)
        depth, width = published_member(family.name, depth, width, design_class.value, k)
    elif design_class is DesignClass.DEQ:
        found = largest_width(family, depth, share, task)
        counts = partial(family.parameters, depth, task=task)
        widths = _Dimension(f"depth {depth}", 1, (found or 0) + 1, counts)
        width = _choose(widths, found, budget, "design=deq", k, source)
    else:
        found = largest_depth(family, width, share, task)
        counts = partial(family.parameters, width=width, task=task)
        depths = _Dimension(f"width {width}", family.depths[0], next_depth(family, found), counts)
        depth = _choose(depths, found, budget, "design=weq", k, source)
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


def _check_default_options(family: Family) -> None:
    """Check that the family has the options of the paper's tables, which are its defaults."""
    defaults = type(family)().options
    for name, value in family.options.items():
        if value != defaults[name]:
            raise DesignError(
                f"budget.source=published: the tables are for arch.{name}={defaults[name]}, "
                f"not arch.{name}={value}"
            )


@dataclass(frozen=True, slots=True)
class _Dimension:
    """The dimension of a network, width or depth, that a design class varies."""

    fixed: str
    """The other dimension and its value, for messages."""
    smallest: int
    above: int | None
    """The next valid value above the solution of the inequality, if there is one."""
    count: Callable[[int], int]
    """Counts the parameters of one member at a value of the dimension."""


def _choose(
    values: _Dimension, found: int | None, budget: Budget, request: str, k: int, source: BudgetRule
) -> int:
    """Choose between `found`, the solution of the inequality, and the value above it."""
    if source is BudgetRule.NEAREST:
        candidates = [value for value in (found, values.above) if value is not None]
        return min(candidates, key=lambda value: abs(k * values.count(value) - budget.parameters))
    if found is None:
        raise DesignError(
            f"{request} k={k}: {k} networks of {values.fixed} do not fit into "
            f"{budget.parameters:,} parameters (the single network {budget.depth}x{budget.width}); "
            f"the smallest budget that would do is {k * values.count(values.smallest):,} parameters"
        )
    return found
