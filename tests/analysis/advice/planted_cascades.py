"""Runs whose cascades and added times are planted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.results.added_timings import AddedBatchTiming, AddedTiming
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.results.cascade_record import (
    CascadeCurveRecord,
    CascadeOrdersRecord,
    CascadeRecord,
)
from tests.factories import make_record

if TYPE_CHECKING:
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.record import Record


def make_cascade(
    rule: ExitRule = "confidence",
    *,
    k: int = 4,
    error: float = 10.0,
    mean_members: float = 1.5,
    members_p99: int = 3,
    whole_error: float = 9.0,
    **fields: Any,
) -> CascadeRecord:
    values: dict[str, Any] = {
        "order": list(range(k)),
        "ordered_by": "training",
        "chosen_on": "folds",
        "num_folds": 10,
        "num_images": 1497,
        "threshold": 0.95,
        "nll_nats": error / 25.0,
        "members_p50": 1,
        "members_p90": 2,
        "whole_nll_nats": whole_error / 25.0,
        "curve": CascadeCurveRecord(
            thresholds=[0.0, 2.0],
            error_percent=[error, whole_error],
            nll_nats=[0.5, 0.4],
            mean_members=[1.0, float(k)],
        ),
        "orders": CascadeOrdersRecord(
            num_orders=1,
            is_every_order=False,
            error_percent=(error, error),
            mean_members=(mean_members, mean_members),
        ),
        **fields,
    }
    return CascadeRecord(
        rule=rule,
        error_percent=error,
        mean_members=mean_members,
        members_p99=members_p99,
        whole_error_percent=whole_error,
        **values,
    )


def with_cascades(record: Record, **fields: Any) -> Record:
    """Give a run a cascade by each exit rule; that by margin errs 2 points more."""
    error = fields.pop("error", 10.0)
    cascades = [
        make_cascade(rule, k=record.design.k, error=error + 2.0 * number, **fields)
        for number, rule in enumerate(EXIT_RULES)
    ]
    return replace(record, cascades=cascades)


def cascade_latency(batch_size: int, cascade: float, whole: float) -> CascadeLatencyRecord:
    """Make the measured latency of a cascade by confidence, in milliseconds per image."""
    return CascadeLatencyRecord(
        rule="confidence",
        threshold=0.95,
        batch_size=batch_size,
        repeats=100,
        num_images=100,
        mean_members=1.5,
        cascade=_quantiles(cascade),
        whole=_quantiles(whole),
        single=None,
    )


def _quantiles(mean: float) -> LatencyQuantiles:
    return LatencyQuantiles(
        mean_ms_per_image=mean,
        median_ms_per_image=mean,
        p90_ms_per_image=mean,
        p99_ms_per_image=mean,
    )


def planted_runs(
    latencies: dict[int, float] | None = None, cascade_errors: tuple[float, ...] = (10.0, 11.0)
) -> list[Record]:
    """Make single networks of 20 % error and ensembles of 9 %, with cascades, of two seeds each."""
    at = {128: 1.0} if latencies is None else latencies
    records = []
    for seed, error in enumerate(cascade_errors):
        single = make_record(seed=seed, test_errors=[40.0, 20.0 + seed], latencies=at)
        whole = {size: 4.0 * milliseconds for size, milliseconds in at.items()}
        ensemble = make_record(
            design_class="deq", seed=seed, test_errors=[30.0, 9.0 + seed], latencies=whole
        )
        records += [single, with_cascades(ensemble, error=error, mean_members=1.5 + seed / 2)]
    return records


def make_timing(milliseconds: float, *, threads: int = 1, batch_size: int = 128) -> AddedTiming:
    """Make the time of an exported ensemble on a board, whose slowest calls take twice as long."""
    call = milliseconds * batch_size
    batch = AddedBatchTiming(
        batch_size=batch_size,
        num_calls=100,
        num_passes=100,
        images_per_pass=batch_size,
        p50_ms_per_call=call,
        p90_ms_per_call=call,
        p99_ms_per_call=2.0 * call,
        mean_ms_per_image=milliseconds,
        lower_quartile_ms_per_image=milliseconds,
        median_ms_per_image=milliseconds,
        upper_quartile_ms_per_image=milliseconds,
        images_per_second=1e3 / milliseconds,
        spread_percent=1.0,
        steady=True,
    )
    return AddedTiming(
        device_name="Board",
        device="cpu",
        processor="Board",
        architecture="aarch64",
        system="Linux 6.1",
        runtime="onnxruntime",
        runtime_version="1.32.0",
        threads=threads,
        precision="float32",
        kind="onnx",
        execution="sequential",
        sha256="ab" * 32,
        date="2026-11-29T05:00:00+00:00",
        batches=[batch],
    )
