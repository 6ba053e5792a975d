"""What loggers are told of a run: every metric's name, unit and meaning, in one table.

Names are stable and carry their units. In the tables, `*` stands for `test` (`validation` where
images held out of training are measured on), for a member's number, or for a batch size.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ensemble_switchover.results.latencies import latencies_by_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.record import EpochRecord, LatencyRecord, Record

MetricSource = TypeVar("MetricSource")

RESOLVED_KEY = "resolved"
"""The key of a logged configuration below which the resolved facts of the run are."""


@dataclass(frozen=True, slots=True)
class Metric(Generic[MetricSource]):
    """A figure under a stable name."""

    name: str
    unit: str
    meaning: str
    read: Callable[[MetricSource], float | None]
    """Absent where a run does not have it."""


EPOCH: tuple[Metric[EpochRecord], ...] = (
    Metric("epoch", "epochs", "epochs trained; the x-axis of the others", lambda e: e.epoch),
    Metric(
        "train/loss", "nats", "mean cross-entropy over images and members", lambda e: e.train_loss
    ),
    Metric("train/learning_rate", "1", "learning rate of the epoch", lambda e: e.learning_rate),
    Metric(
        "train/epoch_seconds",
        "s",
        "training work of all members, data wait included",
        lambda e: e.train_seconds,
    ),
    Metric(
        "train/warm_up",
        "0 or 1",
        "1 for a process's first epoch, which summaries of time leave out",
        lambda e: float(e.warm_up),
    ),
    Metric(
        "train/compile_seconds",
        "s",
        "compiling before the training work, no part of it",
        lambda e: e.compile_seconds,
    ),
    Metric("*/error_percent", "%", "error of the ensemble", lambda e: e.test_error),
    Metric(
        "*/mean_member_error_percent",
        "%",
        "mean of the members' errors",
        lambda e: fmean(e.member_test_errors),
    ),
    Metric("*/nll", "nats", "negative log-likelihood of the ensemble", lambda e: e.nll),
    Metric("*/brier", "1", "Brier score of the ensemble", lambda e: e.brier),
    Metric("*/ece", "0 to 1", "expected calibration error, 15 bins", lambda e: e.ece),
    Metric(
        "*/disagreement",
        "0 to 1",
        "share of images on which two members differ, mean over pairs; not of single networks",
        lambda e: e.disagreement,
    ),
    Metric(
        "*/error_correlation",
        "-1 to 1",
        "correlation of two members' errors, mean over pairs; not of single networks",
        lambda e: e.error_correlation,
    ),
    Metric(
        "*/evaluation_seconds",
        "s",
        "the evaluation after the epoch",
        lambda e: e.evaluation_seconds,
    ),
    Metric(
        "memory/peak_device_bytes",
        "bytes",
        "peak that the device's allocator handed out; not on a CPU",
        lambda e: e.peak_device_bytes,
    ),
    Metric(
        "memory/peak_reserved_bytes",
        "bytes",
        "peak that the device's allocator reserved; not on a CPU",
        lambda e: e.peak_reserved_bytes,
    ),
    Metric(
        "memory/peak_rss_bytes",
        "bytes",
        "peak resident memory of the process; another thing than device bytes",
        lambda e: e.peak_rss_bytes,
    ),
)

MEMBER: tuple[Metric[tuple[EpochRecord, int]], ...] = (
    Metric(
        "member_*/error_percent",
        "%",
        "error of one member",
        lambda m: m[0].member_test_errors[m[1]],
    ),
    Metric(
        "member_*/epoch_seconds",
        "s",
        "training work of one member",
        lambda m: m[0].member_train_seconds[m[1]],
    ),
    Metric("member_*/nll", "nats", "as of the ensemble", lambda m: _at(m[0].member_nlls, m[1])),
    Metric("member_*/brier", "1", "as of the ensemble", lambda m: _at(m[0].member_briers, m[1])),
    Metric("member_*/ece", "0 to 1", "as of the ensemble", lambda m: _at(m[0].member_eces, m[1])),
    Metric(
        "member_*/peak_device_bytes",
        "bytes",
        "memory/peak_device_bytes of one member's own training",
        lambda m: _at(m[0].member_peak_device_bytes, m[1]),
    ),
)
"""Of an epoch and the number of a member, from 0; absent ones of the two lists are left out."""

SUMMARY: tuple[Metric[Record], ...] = (
    Metric(
        "summary/parameters",
        "1",
        "trainable parameters of all members",
        lambda r: r.design.parameters,
    ),
    Metric(
        "summary/budget_fill_percent",
        "%",
        "share of the budget's parameters that is used",
        lambda r: 100 * r.design.budget_fill,
    ),
    Metric(
        "summary/last_error_percent",
        "%",
        "error of the ensemble after the last epoch",
        lambda r: r.epochs[-1].test_error,
    ),
    Metric(
        "summary/lowest_error_percent",
        "%",
        "lowest error of any epoch; chosen on the same images, so no estimate of error",
        lambda r: min(epoch.test_error for epoch in r.epochs),
    ),
    Metric(
        "summary/last_mean_member_error_percent",
        "%",
        "mean of the members' errors after the last epoch",
        lambda r: fmean(r.epochs[-1].member_test_errors),
    ),
    Metric(
        "summary/median_epoch_seconds",
        "s",
        "median of train/epoch_seconds without warm-up epochs",
        lambda r: _median([e.train_seconds for e in r.epochs if not e.warm_up]),
    ),
    Metric(
        "summary/train_seconds",
        "s",
        "sum of train/epoch_seconds",
        lambda r: sum(epoch.train_seconds for epoch in r.epochs),
    ),
    Metric(
        "summary/wall_seconds",
        "s",
        "start to record, everything included",
        lambda r: r.wall_seconds,
    ),
    Metric(
        "summary/peak_device_bytes",
        "bytes",
        "largest memory/peak_device_bytes of any epoch; not on a CPU",
        lambda r: _largest(epoch.peak_device_bytes for epoch in r.epochs),
    ),
    Metric(
        "summary/peak_rss_bytes",
        "bytes",
        "largest memory/peak_rss_bytes of any epoch",
        lambda r: _largest(epoch.peak_rss_bytes for epoch in r.epochs),
    ),
)

LATENCY: tuple[Metric[LatencyRecord], ...] = (
    Metric(
        "latency/batch_*_median_ms_per_image",
        "ms",
        "inference of the whole ensemble, one member after another, at a batch size, per image; "
        "batch_*_fastest is its fastest execution, batch_*_single the budget's single network",
        lambda entry: entry.median_ms_per_image,
    ),
    Metric(
        "latency/batch_*_lower_quartile_ms_per_image",
        "ms",
        "its lower quartile over the repeats",
        lambda entry: entry.lower_quartile_ms_per_image,
    ),
    Metric(
        "latency/batch_*_upper_quartile_ms_per_image",
        "ms",
        "its upper quartile over the repeats",
        lambda entry: entry.upper_quartile_ms_per_image,
    ),
)


def epoch_metrics(epoch: EpochRecord, evaluated_on: str) -> dict[str, float]:
    """Name an epoch's figures; absent ones are left out."""
    figures = _named(EPOCH, epoch, evaluated_on)
    for member in range(len(epoch.member_test_errors)):
        figures |= _named(MEMBER, (epoch, member), str(member))
    return figures


def summary_metrics(record: Record) -> dict[str, float]:
    """Name the figures of a whole run; absent ones are left out."""
    figures = _named(SUMMARY, record)
    for size, latency in latencies_by_batch(record.latencies).items():
        figures |= _named(LATENCY, latency.sequential, str(size))
        figures |= _named(LATENCY, latency.fastest, f"{size}_fastest")
        if latency.single is not None:
            figures |= _named(LATENCY, latency.single, f"{size}_single")
    return figures


def run_facts(spec: RunSpec, plan: ExecutionPlan, environment: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a run is, in flat values that panels can plot against, group and filter by.

    Args:
        spec: The run.
        plan: How its members are executed.
        environment: The fields of the `Environment` that it runs in.
    """
    design, budget, recipe = spec.design, spec.budget, spec.recipe
    return {
        "design_class": design.design_class.value,
        "family": spec.family.name,
        "dataset": spec.dataset.name,
        "study": spec.study,
        "seed": spec.seed,
        "design": f"{design.design_class.value} k={design.k} {design.depth}x{design.width} "
        f"for {budget.depth}x{budget.width}",
        "k": design.k,
        "depth": design.depth,
        "width": design.width,
        "member_parameters": design.member_parameters,
        "parameters": design.parameters,
        "member_flops": design.member_flops,
        "source": spec.source.value,
        "budget_depth": budget.depth,
        "budget_width": budget.width,
        "budget_parameters": budget.parameters,
        "budget_fill": design.budget_fill,
        "epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "evaluated_on": spec.sizes.evaluated_on,
        "fingerprint": spec.fingerprint,
        "treatment": spec.replicate_fingerprint,
        "execution": plan.label,
        "execution_asked": spec.execution.name,
        "precision": spec.precision,
        "compiled": spec.compile,
        **{
            key: environment[key]
            for key in ("device", "device_name", "num_threads", "platform", "commit")
        },
    }


def _at(values: Sequence[float], position: int) -> float | None:
    return values[position] if values else None


def _named(
    metrics: Sequence[Metric[MetricSource]], source: MetricSource, star: str = ""
) -> dict[str, float]:
    values = ((metric.name.replace("*", star), metric.read(source)) for metric in metrics)
    return {name: float(value) for name, value in values if value is not None}


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _largest(values: Iterator[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
