"""Runs whose seconds, latencies and bytes compare, told from those whose do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.conditions import AUTO
from ensemble_switchover.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

TIME_CONDITIONS = (
    *("device", "device_name", "execution", "precision", "compiled"),
    *("residence", "num_threads", "concurrent_jobs"),
)
"""What two runs must share before their seconds are compared."""
LATENCY_CONDITIONS = (*TIME_CONDITIONS, "latency_batch_size")
MEMORY_CONDITIONS = (*TIME_CONDITIONS, "memory_kind")

_MAX_NAMES = 6


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """The runs of one comparison that were made under one condition."""

    condition: dict[str, Any]
    """Column of `TIME_CONDITIONS` -> its value."""
    runs: pl.DataFrame = field(repr=False)

    @property
    def execution(self) -> str:
        """How the members were executed; `auto` where each design had its fastest."""
        return str(self.condition["execution"])

    @property
    def label(self) -> str:
        """One line for people."""
        return describe_condition(self.condition)

    @property
    def compares(self) -> bool:
        """Tell whether there are two design classes, so that there is something to compare."""
        return self.runs["design_class"].n_unique() > 1


def split_conditions(runs: pl.DataFrame) -> list[ConditionGroup]:
    """Part the runs by `TIME_CONDITIONS`, the most runs first.

    Args:
        runs: Rows of `tabulate_runs`, of one comparison.
    """
    groups = [
        ConditionGroup(dict(zip(TIME_CONDITIONS, key, strict=True)), group)
        for key, group in runs.group_by(TIME_CONDITIONS, maintain_order=True)
    ]
    return sorted(groups, key=lambda group: -group.runs.height)


def describe_condition(condition: dict[str, Any]) -> str:
    """Say under which condition runs were made, in one line."""
    execution = condition["execution"]
    parts = [
        f"{condition['device']} ({condition['device_name']})",
        "each design by its fastest execution" if execution == AUTO else f"{execution} execution",
        f"precision {condition['precision']}",
        "compiled" if condition["compiled"] else "",
        "images on the host" if condition["residence"] == "host" else "",
        f"threads {condition['num_threads']}",
        f"jobs {condition['concurrent_jobs']}",
    ]
    return ", ".join(part for part in parts if part)


def require_one_condition(runs: pl.DataFrame, columns: Sequence[str], what: str) -> None:
    """Refuse runs that must not be put into one figure.

    Args:
        runs: Rows of `tabulate_runs`.
        columns: What all of them must share.
        what: What would be mixed, such as `training seconds`.

    Raises:
        RecordError: naming the runs that differ from the most, and in what.
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
        f"{what} of different conditions do not go into one figure: {name_first_few(names)} "
        f"({'; '.join(dict.fromkeys(apart))})"
    )


def name_first_few(names: Sequence[str]) -> str:
    """List names, the first few of many.

    >>> name_first_few(["a", "b"])
    'a, b'
    >>> name_first_few([str(i) for i in range(9)])
    '0, 1, 2, 3, 4, 5 and 3 more'
    """
    if len(names) <= _MAX_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MAX_NAMES])} and {len(names) - _MAX_NAMES} more"
