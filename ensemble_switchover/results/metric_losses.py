"""The losses of runs by a metric, and the runs that lack it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record

RECOMPUTE_COMMAND = "python -m ensemble_switchover.results FOLDER --recompute-quality"
"""The command that computes what records of before lack, where their predictions were kept."""
MAX_NAMED_RUNS = 3
"""Most runs without a metric that a sentence names."""


def losses_by_epoch(record: Record, metric: QualityMetric) -> dict[int, float]:
    """Return the loss of a run after every epoch that has the metric: epoch -> loss.

    Args:
        record: The run.
        metric: Of which less loss is better (`QualityMetric.loss_of`).
    """
    found: dict[int, float] = {}
    if metric.after_epoch is not None:
        for epoch in record.epochs:
            value = metric.after_epoch(epoch)
            if value is not None:
                found[epoch.epoch] = metric.loss_of(value)
    last = record.epochs[-1].epoch
    if last not in found and metric.at_end is not None and record.quality is not None:
        value = metric.at_end(record.quality)
        if value is not None:
            found[last] = metric.loss_of(value)
    return found


def has_metric(record: Record, metric: QualityMetric) -> bool:
    """Tell whether a run can be compared by a metric: whether its last epoch has it."""
    return record.epochs[-1].epoch in losses_by_epoch(record, metric)


def split_by_metric(
    records: Iterable[Record], metric: QualityMetric
) -> tuple[list[Record], list[Record]]:
    """Return the runs that can be compared by a metric, and those that lack it."""
    split: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        split[0 if has_metric(record, metric) else 1].append(record)
    return split


def require_metric(
    where: object, records: Sequence[Record], metric: QualityMetric
) -> tuple[list[Record], list[Record]]:
    """Return the runs that can be compared by a metric, and those that lack it.

    Args:
        where: What is named in the message, such as the folder.
        records: Runs, at least one.
        metric: The metric that is asked for.

    Raises:
        RecordError: if all of them lack it.
    """
    measured, lacking = split_by_metric(records, metric)
    if not measured:
        raise RecordError(f"{where}: --metric {metric.name}: {describe_lacking(lacking, metric)}")
    return measured, lacking


def describe_lacking(lacking: Sequence[Record], metric: QualityMetric) -> str:
    """Say which runs lack a metric, and what computes it."""
    names = [record.name for record in lacking]
    told = ", ".join(names[:MAX_NAMED_RUNS])
    if len(names) > MAX_NAMED_RUNS:
        told += f" and {len(names) - MAX_NAMED_RUNS} more"
    runs = "1 run lacks" if len(names) == 1 else f"{len(names):,} runs lack"
    what = metric.template.format(lacking[0].dataset.evaluated_on)
    remedy = f"where predictions were kept, {RECOMPUTE_COMMAND} computes it"
    if metric.at_end is not None and all(record.quality is not None for record in lacking):
        remedy = "their predictions do not tell it: half precision took some for 0 or 1"
    are = "is" if len(names) == 1 else "are"
    return f"{runs} the {what} and {are} left out ({told}); {remedy}"
