"""The inference times of a run at one batch size, of its whole ensemble or of its cascade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.results.latencies import LATENCY_BATCH_SIZE, latencies_at

if TYPE_CHECKING:
    from ensemble_switchover.analysis.advice.trained_designs import CascadeFacts
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.record import Record


def latency_columns(
    record: Record, cascade: CascadeFacts | None, batch_size: int | None = None
) -> dict[str, Any]:
    """Return the columns on inference of a run.

    The mean time of a cascade is that of the whole ensemble by the ratio of both: as it was
    measured at that batch size on the same images in turn, or else the members asked over k. What
    suffices for 99 % of the images is the members that do, over k. A cascade asks its members one
    after another, so its fastest execution is that.

    Args:
        record: The run.
        cascade: Of the run's design; None where all members are asked.
        batch_size: None: that of tables, or the largest measured; None where a stated size was not
            measured.
    """
    found = latencies_at(record.latencies, batch_size or LATENCY_BATCH_SIZE)
    if found is None or batch_size not in (None, found.sequential.batch_size):
        return {
            "latency_ms_per_image": None,
            "latency_p99_ms_per_image": None,
            "fastest_latency_ms_per_image": None,
            "latency_batch_size": None,
            "is_cascade_measured": False,
        }
    whole, size = found.sequential.median_ms_per_image, found.sequential.batch_size
    mean, slowest, fastest = whole, whole, found.fastest.median_ms_per_image
    measured = False
    if cascade is not None:
        own = cascade.of_runs[record.study, record.name]
        share = measured_share(record, own, size)
        measured = share is not None
        mean = whole * (own.mean_members / own.num_members if share is None else share)
        slowest = whole * own.members_p99 / own.num_members
        fastest = mean
    return {
        "latency_ms_per_image": mean,
        "latency_p99_ms_per_image": slowest,
        "fastest_latency_ms_per_image": fastest,
        "latency_batch_size": size,
        "is_cascade_measured": measured,
    }


def measured_share(record: Record, cascade: CascadeRecord, batch_size: int) -> float | None:
    """Return the measured mean time of a run's cascade over that of its whole ensemble.

    Returns:
        None where the cascade by this rule was not timed at this batch size.
    """
    for entry in record.cascade_latencies:
        if entry.rule == cascade.rule and entry.batch_size == batch_size:
            return entry.cascade.mean_ms_per_image / entry.whole.mean_ms_per_image
    return None
