"""The metrics and facts that loggers are given of a run, under names that carry their units.

A metric is named after its column (`results.run_columns`) and the section that it is shown in. In
the names of the tables, `*` stands for `test` (`validation` where validation images were
classified), for a member's number, or for a batch size.
"""

from __future__ import annotations

from dataclasses import fields, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.schema import plain
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.results.epoch_metrics import MEASURES, EpochRecord, errors_by_epoch
from ensemble_switchover.results.from_run_spec import spec_facts
from ensemble_switchover.results.latencies import latencies_by_batch
from ensemble_switchover.results.record import LatencyRecord
from ensemble_switchover.results.run_columns import COLUMNS, meanings, record_facts, unit_of
from ensemble_switchover.results.summary import summarise_epochs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.results.record import Record

RESOLVED_KEY = "resolved"
"""The key of a logged configuration below which the resolved facts of the run are."""

MEAN_MEMBER_ERROR = "mean_member_error_percent"
LOWEST_ERROR = "lowest_error_percent"
FLAGGED = "flagged"
_FURTHER_MEANINGS = {
    f"*/{MEAN_MEMBER_ERROR}": "Mean of the members' errors.",
    f"summary/{LOWEST_ERROR}": "Lowest error of any evaluated epoch; chosen on the same images, "
    "so no estimate of the error.",
    f"summary/{FLAGGED}": "1 where the run is flagged, as its column `flags` says, else 0.",
}
"""Metrics that are no column -> their meaning."""


def _epoch_metric(field: str) -> str:
    """Name the metric of a field of `EpochRecord`."""
    if field == "epoch":
        return field
    if field.startswith("member_"):
        return field.replace("member_", "member_*/", 1)
    if field in MEASURES or field == "evaluation_seconds":
        return f"*/{field}"
    return f"memory/{field}" if field.startswith("peak_") else f"train/{field}"


OWN_METRICS = "metrics"
"""Field of an epoch that has the user's own metrics, which are called as their user does."""
ECE_BINS = "ece_bins"
"""Column that says how a figure was computed, in words."""
EPOCH_METRICS = {
    field.name: _epoch_metric(field.name)
    for field in fields(EpochRecord)
    if field.name not in (OWN_METRICS, ECE_BINS)
}
"""Field of an epoch -> the name of its metric."""
_COSTS = {"waiting_share", *(name for name in EPOCH_METRICS if unit_of(name) in ("s", "bytes"))}
"""Fields of an epoch that are not of one run alone where several were trained in it."""
SUMMARY_METRICS = {
    name: f"summary/{name}"
    for name, column in COLUMNS.items()
    if (column.part in ("quality", "summary", "beyond_error") and name != ECE_BINS)
    or name in ("parameters", "budget_fill", "wall_seconds")
}
"""Column of a run -> the name of its metric."""
LATENCY_METRICS = {
    field.name: f"latency/batch_*_{field.name}"
    for field in fields(LatencyRecord)
    if field.name.endswith("_ms_per_image")
}
"""Field of a latency -> the name of its metric."""
CASCADE_LATENCY_METRICS = {
    field.name: f"latency/batch_*_cascade_{field.name}" for field in fields(LatencyQuantiles)
}
"""Field of a cascade's latency -> the name of its metric."""
CASCADE_MEMBERS = "latency/batch_*_cascade_mean_members"


def epoch_metrics(epoch: EpochRecord, evaluated_on: str) -> dict[str, float]:
    """Return an epoch's figures by their metrics; absent ones are left out.

    Those of an evaluation are absent where there was none, and the seconds and the memory of an
    epoch in which other seeds were trained too.
    """
    figures: dict[str, float | None] = {}
    for field, name in EPOCH_METRICS.items():
        if epoch.together and field in _COSTS:
            continue
        value = getattr(epoch, field)
        if isinstance(value, list):
            figures |= {name.replace("*", str(i)): member for i, member in enumerate(value)}
        else:
            figures[name.replace("*", evaluated_on)] = value
    if epoch.error_percent is None:
        figures.pop(f"{evaluated_on}/evaluation_seconds", None)
    else:
        figures[f"{evaluated_on}/{MEAN_MEMBER_ERROR}"] = fmean(epoch.member_error_percent)
    figures |= {f"{evaluated_on}/{name}": value for name, value in epoch.metrics.items()}
    return _known(figures)


def summary_metrics(record: Record) -> dict[str, float]:
    """Return the figures of a whole run by their metrics; absent ones are left out."""
    facts = record_facts(record, summarise_epochs(record.epochs))
    figures = {name: facts[column] for column, name in SUMMARY_METRICS.items()}
    figures[f"summary/{LOWEST_ERROR}"] = min(errors_by_epoch(record.epochs).values())
    figures[f"summary/{FLAGGED}"] = float(bool(record.flags))
    own = record.epochs[-1].metrics
    figures |= {f"summary/{name}": value for name, value in own.items()}
    for batch_size, latency in latencies_by_batch(record.latencies).items():
        models = {
            f"{batch_size}": latency.sequential,
            f"{batch_size}_fastest": latency.fastest,
            f"{batch_size}_single": latency.single,
        }
        for batch, measured in models.items():
            for field, name in LATENCY_METRICS.items():
                figures[name.replace("*", batch)] = getattr(measured, field, None)
    for timed in record.cascade_latencies:
        size = f"{timed.batch_size}"
        figures[CASCADE_MEMBERS.replace("*", size)] = timed.mean_members
        for field, name in CASCADE_LATENCY_METRICS.items():
            figures[name.replace("*", size)] = getattr(timed.cascade, field)
    return _known(figures)


def logged_config(config: Config, spec: RunSpec) -> dict[str, Any]:
    """Return the configuration of a run as plain values, with what was counted or came out.

    A single network has k = 1 whatever was asked for, and the sizes of a folder of images, or its
    number of classes, are known once it has been read.
    """
    return plain(replace(config, k=spec.design.k, dataset=spec.dataset))


def run_facts(spec: RunSpec, plan: ExecutionPlan, environment: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a run in flat values that panels can plot against, group by and filter by.

    Args:
        spec: The run.
        plan: How its members are executed.
        environment: The fields of the `Environment` that it runs in.
    """
    design, budget = spec.design, spec.budget
    return {
        **spec_facts(spec, {**environment, "execution": plan.label}),
        "design_label": f"{spec.family.name} on {spec.images_name}, {spec.train_size:,} images: "
        f"{design.design_class.value} k={design.k} {design.depth}x{design.width} "
        f"for {budget.depth}x{budget.width} ({spec.replicate_fingerprint[:6]})",
        "replicate_fingerprint": spec.replicate_fingerprint,
    }


def describe_metrics() -> list[tuple[str, str, str]]:
    """Return name, unit and meaning of every metric."""
    described = [
        *((name, meanings(EpochRecord)[field]) for field, name in EPOCH_METRICS.items()),
        *((name, COLUMNS[column].meaning) for column, name in SUMMARY_METRICS.items()),
        *((name, meanings(LatencyRecord)[field]) for field, name in LATENCY_METRICS.items()),
        *(
            (name, f"Inference of the cascade on real images. {meanings(LatencyQuantiles)[field]}")
            for field, name in CASCADE_LATENCY_METRICS.items()
        ),
        (CASCADE_MEMBERS, meanings(CascadeLatencyRecord)["mean_members"]),
        *_FURTHER_MEANINGS.items(),
    ]
    return [(name, unit_of(name), meaning) for name, meaning in described]


def _known(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items() if value is not None}
