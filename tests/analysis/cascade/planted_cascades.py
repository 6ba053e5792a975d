"""Studies whose cascades are planted: members asked and error of every ensemble."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.results.cascade_record import (
    CascadeCurveRecord,
    CascadeOrdersRecord,
    CascadeRecord,
)

if TYPE_CHECKING:
    from ensemble_switchover.results.record import Record


def with_served(record: Record, milliseconds: float, single: float = 1.0) -> Record:
    """Give an ensemble the time of its served cascade, by confidence, in batches of 1 and 128."""
    if record.design.k == 1:
        return record

    def quantiles(value: float) -> LatencyQuantiles:
        return LatencyQuantiles(
            mean_ms_per_image=value,
            median_ms_per_image=value,
            p90_ms_per_image=value,
            p99_ms_per_image=value,
        )

    served = [
        CascadeLatencyRecord(
            rule="confidence",
            threshold=0.9,
            batch_size=size,
            repeats=10,
            num_images=747,
            mean_members=1.5,
            cascade=quantiles(factor * milliseconds),
            whole=quantiles(factor * 3.0 * milliseconds),
            single=quantiles(factor * single),
        )
        for size, factor in ((1, 10.0), (128, 1.0))
    ]
    return replace(record, cascade_latencies=served)


def with_cascades(record: Record, members: float, more_points: float = 0.1) -> Record:
    """Give an ensemble cascades that ask so many members and err so many points more."""
    if record.design.k == 1:
        return record
    k, whole = record.design.k, record.error_percent
    cascades = [
        CascadeRecord(
            rule=rule,
            order=list(range(k)),
            ordered_by="training",
            chosen_on="folds",
            num_folds=5,
            num_images=record.dataset.num_evaluated,
            threshold=0.9,
            fold_thresholds=[0.85, 0.9, 0.9, 0.9, 0.95],
            error_percent=whole + more_points,
            nll_nats=0.3,
            mean_members=members,
            members_p50=1,
            members_p90=k - 1,
            members_p99=k,
            whole_error_percent=whole,
            whole_nll_nats=0.2,
            curve=CascadeCurveRecord(
                thresholds=[0.0, 0.9, 2.0],
                error_percent=[whole + 3.0, whole + 0.2, whole],
                nll_nats=[0.4, 0.3, 0.2],
                mean_members=[1.0, members, float(k)],
            ),
            orders=CascadeOrdersRecord(
                num_orders=24,
                is_every_order=True,
                error_percent=(whole, whole + 0.3),
                mean_members=(members, members + 0.2),
            ),
        )
        for rule in EXIT_RULES
    ]
    return replace(record, cascades=cascades)
