"""Groups of runs whose seconds, latencies and bytes are comparable."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import compress
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

_TIMES_OF_RUNS = "times of the runs themselves"
_NOT_COMPILED = "not compiled"
_IMAGES_ON_DEVICE = "images on the device"
_EVALUATED_ALWAYS = "evaluated after every epoch"
_USUAL = {_TIMES_OF_RUNS, _NOT_COMPILED, _IMAGES_ON_DEVICE, _EVALUATED_ALWAYS}
"""What is told of a condition only where another differs in it."""
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
    """Describe a condition in one line; what is usual is not told."""
    return ", ".join(part for part in _parts(condition) if part not in _USUAL)


def describe_differences(conditions: Sequence[dict[str, Any]]) -> list[str]:
    """Describe each of several conditions by the parts that are not the same in all of them."""
    described = [_parts(condition) for condition in conditions]
    differ = [len(set(parts)) > 1 for parts in zip(*described, strict=True)]
    return [", ".join(compress(parts, differ)) for parts in described]


def _parts(condition: dict[str, Any]) -> list[str]:
    execution, *of_pass = describe_comparable(condition["execution_compared"]).split(", times ")
    return [
        f"{condition['device']} ({condition['device_name']})",
        execution,
        f"times {of_pass[0]}" if of_pass else _TIMES_OF_RUNS,
        f"precision {condition['precision']}",
        "compiled" if condition["compiled"] else _NOT_COMPILED,
        "images on the host" if condition["residence"] == "host" else _IMAGES_ON_DEVICE,
        count(condition["num_threads"], "thread"),
        count(condition["concurrent_jobs"], "concurrent run"),
        describe_evaluated(condition["evaluate_every"]) or _EVALUATED_ALWAYS,
    ]


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
