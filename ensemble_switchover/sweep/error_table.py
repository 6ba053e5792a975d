"""The errors of a sweep so far: a table after the first block, then what changes (no torch)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.natural_order import natural_order
from ensemble_switchover.machine.terminal import ABSENT, ShownTable, count
from ensemble_switchover.sweep.next_runs import design_of
from ensemble_switchover.sweep.progress_lines import swept_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec

Row = tuple[str, int, str]
"""What else is swept; the parameters of the budget, and its name."""


@dataclass(frozen=True, slots=True)
class MeanError:
    """The mean error of a design over its seeds."""

    percent: float
    num_seeds: int

    def __str__(self) -> str:
        return f"{self.percent:.2f} ({self.num_seeds})"


MeanErrors = dict[tuple[Row, str], MeanError]
"""Row and label of the design -> its mean error."""


def mean_errors(specs: Sequence[RunSpec], errors: Mapping[str, float]) -> MeanErrors:
    """Average the errors of the seeds of every design.

    Args:
        specs: All runs of the study.
        errors: The errors of the finished ones by their names, in percent.
    """
    swept = swept_words(specs)
    several = len({spec.family.name for spec in specs}) > 1
    found: defaultdict[tuple[Row, str], list[float]] = defaultdict(list)
    for spec in specs:
        if spec.name in errors:
            words = [spec.family.name] if several else []
            of = " ".join([*words, *filter(None, [swept.get(spec.name, "")])])
            name = f"{spec.budget.depth}x{spec.budget.width}"
            row = (of, spec.budget.parameters, name)
            found[row, design_of(spec).label].append(errors[spec.name])
    return {cell: MeanError(fmean(own), len(own)) for cell, own in found.items()}


def error_table(means: MeanErrors) -> ShownTable:
    """Tabulate mean errors: a row for each budget, a column for each design class and k."""
    labels = list(dict.fromkeys(sorted((label for _, label in means), key=_label_order)))
    rows = sorted({row for row, _ in means}, key=lambda row: (natural_order(row[0]), *row[1:]))
    with_swept = any(of for of, _, _ in rows)
    texts = []
    for row in rows:
        of, parameters, name = row
        front = [of] if with_swept else []
        cells = [str(means.get((row, label), ABSENT)) for label in labels]
        texts.append((*front, name, f"{parameters:,}", *cells))
    headers = (*(["Of"] if with_swept else []), "Budget", "Parameters", *labels)
    caption = "Error in percent, the mean over seeds; in brackets how many. Smaller is better."
    return ShownTable(caption, headers, tuple(texts), 2 if with_swept else 1)


def changed_errors(before: MeanErrors, after: MeanErrors) -> list[str]:
    """Describe every design whose seeds have become more, a line each."""
    lines = []
    for (row, label), now in sorted(after.items(), key=lambda cell: (cell[0][0], cell[0][1])):
        then = before.get((row, label))
        if then == now:
            continue
        of, parameters, name = row
        where = " ".join(filter(None, [of, name, label]))
        former = "" if then is None else f"{then.percent:.2f} -> "
        lines.append(
            f"  {where} ({parameters:,} parameters): {former}{now.percent:.2f} %, "
            f"{count(now.num_seeds, 'seed')}"
        )
    return lines


def _label_order(label: str) -> tuple[bool, str, int]:
    design_class, _, members = label.partition(" k=")
    return (label != "single", design_class, int(members or 1))
