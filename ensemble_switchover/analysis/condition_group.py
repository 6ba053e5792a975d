"""Groups of runs whose seconds, latencies and bytes are comparable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.conditions import describe_comparable, describe_evaluated
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

TIME_CONDITIONS = (
    *("device", "device_name", "execution_compared", "precision", "compiled"),
    *("residence", "num_threads", "concurrent_jobs", "evaluate_every"),
)
"""The columns in which two runs must agree before their seconds are compared."""
LATENCY_CONDITIONS = (*TIME_CONDITIONS, "latency_batch_size")
MEMORY_CONDITIONS = (*TIME_CONDITIONS, "memory_kind")
CONDITIONS = (*MEMORY_CONDITIONS, "latency_batch_size")
"""What two runs must share before any of their costs go into one mean."""

_MAX_NAMES = 6


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """The runs of one comparison under one condition."""

    condition: dict[str, Any]
    """Column of `TIME_CONDITIONS` -> its value."""
    runs: pl.DataFrame = field(repr=False)

    @property
    def execution(self) -> str:
        """Execution of the members, `auto` if each design ran with its fastest; of which times."""
        return str(self.condition["execution_compared"])

    @property
    def label(self) -> str:
        """The condition in one line."""
        return describe_condition(self.condition)

    @property
    def compares(self) -> bool:
        """Tell whether the group holds at least two design classes."""
        return self.runs["design_class"].n_unique() > 1


def split_conditions(runs: pl.DataFrame) -> list[ConditionGroup]:
    """Group the runs by `TIME_CONDITIONS`, the largest group first.

    Args:
        runs: Rows of `tabulate_runs`, of one comparison.
    """
    groups = [
        ConditionGroup(dict(zip(TIME_CONDITIONS, key, strict=True)), group)
        for key, group in runs.group_by(TIME_CONDITIONS, maintain_order=True)
    ]
    return sorted(groups, key=lambda group: -group.runs.height)


def describe_condition(condition: dict[str, Any]) -> str:
    """Describe a condition in one line."""
    parts = [
        f"{condition['device']} ({condition['device_name']})",
        describe_comparable(condition["execution_compared"]),
        f"precision {condition['precision']}",
        "compiled" if condition["compiled"] else "",
        "images on the host" if condition["residence"] == "host" else "",
        count(condition["num_threads"], "thread"),
        count(condition["concurrent_jobs"], "concurrent run"),
        describe_evaluated(condition["evaluate_every"]),
    ]
    return ", ".join(part for part in parts if part)


def require_one_condition(runs: pl.DataFrame, columns: Sequence[str], what: str) -> None:
    """Refuse runs that must not share a figure.

    Args:
        runs: Rows of `tabulate_runs`.
        columns: The columns in which all runs must agree.
        what: The quantity in the figure, such as `training seconds`.

    Raises:
        RecordError: if they differ; it names the runs that deviate from the majority, and in what.
    """
    values = runs.select(columns).rows()
    if len(set(values)) < 2:
        return
    usual, _ = Counter(values).most_common(1)[0]
    names = [str(name) for name, value in zip(runs["name"], values, strict=True) if value != usual]
    apart = [
        f"{column} {row[index]} instead of {usual[index]}"
        for index, column in enumerate(columns)
        for row in dict.fromkeys(values)
        if row[index] != usual[index]
    ]
    raise RecordError(
        f"{what} under different conditions cannot share a figure: {name_first_few(names)} "
        f"({'; '.join(dict.fromkeys(apart))})"
    )


def name_first_few(names: Sequence[str]) -> str:
    """List names, or the first few if there are many.

    >>> name_first_few(["a", "b"])
    'a, b'
    >>> name_first_few([str(i) for i in range(9)])
    '0, 1, 2, 3, 4, 5 and 3 more'
    """
    if len(names) <= _MAX_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MAX_NAMES])} and {len(names) - _MAX_NAMES} more"
