"""Every trained design with its errors and its measured costs: the candidates for advice."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from ensemble_switchover.analysis.advice.cascade_times import latency_columns
from ensemble_switchover.analysis.advice.timed_devices import (
    name_timed_devices,
    pair_timed_devices,
    timed_device,
)
from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.comparison import label_settings, setting_of
from ensemble_switchover.analysis.condition_group import CONDITIONS, describe_condition
from ensemble_switchover.analysis.design_table import DEVICE_MEMORY, tabulate_runs
from ensemble_switchover.analysis.natural_order import natural_order
from ensemble_switchover.analysis.statistics import sample_mean, sample_std
from ensemble_switchover.analysis.time_to_accuracy import steady_seconds
from ensemble_switchover.results.epoch_metrics import errors_by_epoch
from ensemble_switchover.results.metric_losses import losses_by_epoch
from ensemble_switchover.results.quality_metrics import ERROR_METRIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ensemble_switchover.analysis.advice.timed_devices import TimedDevice
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.comparison import Setting
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record

NetworkKey: TypeAlias = tuple[str, str, int, int, int]
"""Setting, images, k, depth and width: the same networks."""
CandidateKey: TypeAlias = tuple[str, str, int, int, int, str]
"""The same, and the exit rule of a cascade; empty where all members are asked."""


@dataclass(frozen=True, slots=True)
class ErrorCurves:
    """Errors of several seeds after some epochs, and the losses that are compared."""

    epochs: tuple[int, ...]
    """Counted from 1, ascending."""
    errors: Mapping[int, tuple[float, ...]]
    """Seed -> error in percent after each epoch."""
    losses: Mapping[int, tuple[float, ...]]
    """Seed -> loss after each epoch; the same where designs are compared by their errors."""

    def after(self, epoch: int) -> list[float]:
        """Return the finite errors after an epoch; none if it was not evaluated."""
        return _finite_after(self.epochs, self.errors, epoch)

    def losses_after(self, epoch: int) -> list[float]:
        """Return the finite losses after an epoch; none if it was not evaluated."""
        return _finite_after(self.epochs, self.losses, epoch)


@dataclass(frozen=True, slots=True)
class CascadeFacts:
    """What makes a design a cascade: its members are asked in turn until they are sure enough."""

    rule: ExitRule
    """The exit rule: `confidence` or `margin`."""
    chosen_on: tuple[str, ...]
    """Images that thresholds were chosen on: `validation`, or other `folds` of the test images."""
    mean_members: float
    """Members asked of an image, the mean over the seeds."""
    members_p99: int
    """Members that suffice for 99 % of the images, the most of any run."""
    whole_error_percent: float
    """Error of the whole ensembles on the same images, the mean over the seeds."""
    of_runs: Mapping[RunKey, CascadeRecord] = field(repr=False)
    """The cascade of every run."""


@dataclass(frozen=True, slots=True)
class TrainedDesign:
    """A design that was trained in one setting, with its errors."""

    setting: str
    """Label of the setting: family, data set and what distinguishes it, such as its epochs."""
    data: str
    """Label of the images that the error was measured on."""
    measure: str
    """What the error is called: `test error` or `validation error`."""
    family: str
    design_class: str
    k: int
    """Number of members."""
    depth: int
    width: int
    parameters: int
    """Trainable parameters of all members."""
    budget_parameters: int
    """Parameters of the smallest budget that leads to the design."""
    epochs: tuple[int, ...]
    """The epochs after which all its runs were evaluated, counted from 1, ascending."""
    errors: Mapping[int, tuple[float, ...]] = field(repr=False)
    """Seed -> error in percent after each epoch, the mean over the runs of the seed."""
    losses: Mapping[int, tuple[float, ...]] = field(repr=False)
    """Seed -> loss of the metric after each epoch, likewise; NaN where it is not known. It is
    `errors` where designs are compared by their errors."""
    metric: QualityMetric = field(repr=False)
    """By what designs are compared."""
    records: tuple[Record, ...] = field(repr=False)
    collapsed: tuple[Record, ...] = field(repr=False)
    """Its collapsed runs; `collect_designs` says whether `errors` are without them."""
    beside: tuple[ErrorCurves, ...] = field(default=(), repr=False)
    """Errors of the same class, k and setting at the next smaller and the next larger size."""
    cascade: CascadeFacts | None = field(default=None, repr=False)
    """Of an ensemble whose members are asked in turn; None where all are."""

    @property
    def key(self) -> CandidateKey:
        """The fields that identify the design."""
        return (*self.network_key, "" if self.cascade is None else self.cascade.rule)

    @property
    def network_key(self) -> NetworkKey:
        """The fields that identify the networks, which a cascade shares with its ensemble."""
        return (self.setting, self.data, self.k, self.depth, self.width)

    @property
    def compared(self) -> str:
        """The name of what is compared, such as `test error` or `test NLL`."""
        return self.metric.measure_on(self.evaluated_on)

    @property
    def evaluated_on(self) -> str:
        """The images that the error was measured on: `test` or `validation`."""
        return self.measure.removesuffix(" error")

    @property
    def num_images(self) -> int:
        """The number of images that its errors were measured on, the smallest of its runs."""
        return min(record.dataset.num_evaluated for record in self.records)

    @property
    def label(self) -> str:
        """A short name, such as `deq, k = 4, depth 26, width 5`, and `cascade` where it is one."""
        members = "" if self.k == 1 else f", k = {self.k}"
        cascade = "" if self.cascade is None else ", cascade"
        return f"{self.design_class}{members}, depth {self.depth}, width {self.width}{cascade}"

    @property
    def num_runs(self) -> int:
        """Number of runs; a record that shares the training of another run adds none."""
        trained = {record.name for record in self.records if record.shared_from is None}
        elsewhere = {r.shared_from for r in self.records if r.shared_from} - trained
        return sum(record.shared_from is None for record in self.records) + len(elsewhere)


@dataclass(frozen=True, slots=True)
class MeasuredCost:
    """The costs of a design under one condition; None for a quantity that was not measured."""

    condition: str
    """Device, execution, precision, threads and runs sharing the machine, in one line."""
    device_name: str
    """Name of the device; where it has times of both kinds, with the kind that these are of."""
    seconds: tuple[float, ...] | None = field(repr=False)
    """Training seconds until the end of each epoch, the mean over the seeds. The warm-up epoch
    counts as a median epoch. None on a device where exported files alone were timed."""
    seconds_std: tuple[float, ...] | None = field(repr=False)
    """Sample standard deviation of `seconds` over the seeds; None for one seed."""
    latency_ms: float | None
    """Milliseconds of inference per image, members one after another, the mean over the seeds."""
    latency_ms_std: float | None
    fastest_latency_ms: float | None
    """Milliseconds of inference per image with the fastest measured execution."""
    fastest_latency_ms_std: float | None
    latency_p99_ms: float | None
    """Milliseconds per image that suffice for 99 % of the images. Where calls were not timed one by
    one: of a cascade the members that suffice times the time of one, and else `latency_ms`."""
    latency_batch_size: int | None
    memory_bytes: int | None
    """Peak memory of training, the highest of any run."""
    memory_kind: str | None
    """`device allocator`, or on a CPU `process resident`: the memory of the whole process."""
    num_seeds: int
    num_runs: int
    is_cascade_measured: bool = False
    """Of a cascade: whether it was timed itself, and not predicted from the members asked."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A design and its costs under one condition; the cost is None without a run on the device."""

    design: TrainedDesign
    cost: MeasuredCost | None
    has_other_times: bool = False
    """True without a cost where the design has times on the device that do not compare: of runs
    themselves in place of timing passes, or the other way round."""


def collect_designs(
    records: Sequence[Record],
    keep_collapsed: bool = False,
    metric: QualityMetric = ERROR_METRIC,
) -> list[TrainedDesign]:
    """Collect the designs that were trained, smallest first.

    Two budgets, or the two ensemble classes, may lead to the same networks. These count as one
    design, named after the smallest budget. The execution of the members does not change the
    error, so the runs of all conditions are joined. What collapsed runs cost always counts.

    Args:
        records: Runs of any number of settings.
        keep_collapsed: Whether the errors of collapsed runs count too.
        metric: By what designs are compared; the runs have it (`split_by_metric`).
    """
    collapsed = find_collapsed(records)
    settings = {setting_of(record): None for record in records}
    labels = label_settings(settings)
    data = label_data(settings)
    alike: defaultdict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in records:
        design = record.design
        alike[setting_of(record), design.k, design.depth, design.width].append(record)
    designs = []
    for (setting, *_), runs in alike.items():
        first = min(runs, key=lambda r: (r.budget.parameters, r.design.design_class != "single"))
        fallen = [run for run in runs if (run.study, run.name) in collapsed]
        counted = runs
        if not keep_collapsed:
            counted = [run for run in runs if (run.study, run.name) not in collapsed]
        epochs = tuple(sorted(set.intersection(*(set(errors_by_epoch(r.epochs)) for r in runs))))
        errors = _join_curves(counted, epochs, ERROR_METRIC)
        losses = errors if metric.is_error else _join_curves(counted, epochs, metric)
        designs.append(
            TrainedDesign(
                setting=labels[setting],
                data=data[setting],
                measure=setting.measure,
                family=first.design.family,
                design_class=first.design.design_class,
                k=first.design.k,
                depth=first.design.depth,
                width=first.design.width,
                parameters=first.design.parameters,
                budget_parameters=first.budget.parameters,
                epochs=epochs,
                errors=errors,
                losses=losses,
                metric=metric,
                records=tuple(runs),
                collapsed=tuple(fallen),
            )
        )
    ordered = sorted(
        designs, key=lambda d: (natural_order(d.data), d.parameters, d.k, d.depth, d.setting)
    )
    curves = [ErrorCurves(design.epochs, design.errors, design.losses) for design in ordered]
    return [
        replace(design, beside=tuple(curves[i] for i in beside))
        for design, beside in zip(ordered, find_beside(ordered), strict=True)
    ]


def find_beside(designs: Sequence[TrainedDesign]) -> list[list[int]]:
    """Return, for every design, the indices of those beside it: the next smaller, the next larger.

    They are of the same setting, class and number of members; cascades are beside those of their
    rule.

    Args:
        designs: Designs in ascending size.
    """
    series: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, design in enumerate(designs):
        rule = None if design.cascade is None else design.cascade.rule
        series[design.data, design.setting, design.design_class, design.k, rule].append(number)
    beside: list[list[int]] = [[] for _ in designs]
    for numbers in series.values():
        for smaller, larger in pairwise(numbers):
            beside[smaller].append(larger)
            beside[larger].insert(0, smaller)
    return beside


def list_candidates(
    designs: Iterable[TrainedDesign], device_name: str | None, batch_size: int | None = None
) -> list[Candidate]:
    """List every design with its costs on one device, one candidate for each condition.

    Args:
        designs: Designs from `collect_designs`, and their cascades.
        device_name: The device on which seconds, bytes and milliseconds were measured, one of
            `device_names`.
        batch_size: Of inference times; None: that of tables, 128 or the largest that was measured.
    """
    rows: defaultdict[tuple[int, tuple[Any, ...]], list[dict[str, Any]]] = defaultdict(list)
    listed = list(designs)
    names = _names_of_devices(listed)
    here = [
        (number, record)
        for number, design in enumerate(listed)
        for record in design.records
        if names[timed_device(record)] == device_name
    ]
    other = pair_timed_devices(names).get(device_name or "")
    # Studies from several machines may hold runs of the same name.
    table = tabulate_runs([replace(record, name=f"{i}") for i, (_, record) in enumerate(here)])
    for row in table.to_dicts():
        number, record = here[int(row["name"])]
        row["until"] = _seconds_until(record, listed[number].epochs)
        row.update(latency_columns(record, listed[number].cascade, batch_size))
        rows[number, tuple(row[name] for name in CONDITIONS)].append(row)
    costs: defaultdict[int, list[MeasuredCost]] = defaultdict(list)
    for (number, _), alike in rows.items():
        costs[number].append(_summarise(alike, str(device_name)))
    candidates = []
    for number, design in enumerate(listed):
        known = sorted(costs[number], key=lambda cost: (-cost.num_seeds, cost.condition))
        candidates += [Candidate(design, cost) for cost in known]
        if not known:
            elsewhere = any(names[timed_device(record)] == other for record in design.records)
            candidates.append(Candidate(design, None, has_other_times=elsewhere))
    return candidates


def most_used_device(designs: Iterable[TrainedDesign]) -> str | None:
    """Return the device with the most runs; None if there are no designs."""
    listed = list(designs)
    names = _names_of_devices(listed)
    runs = Counter(names[timed_device(record)] for d in listed for record in d.records)
    return min(runs, key=lambda name: (-runs[name], name)) if runs else None


def device_names(designs: Iterable[TrainedDesign]) -> list[str]:
    """Name the devices of all runs, and with it the kind of their times where one has both."""
    return sorted(_names_of_devices(designs).values())


def other_devices(designs: Iterable[TrainedDesign]) -> dict[str, str]:
    """Return, for a device with times of both kinds, the name with either to the other name."""
    return pair_timed_devices(_names_of_devices(designs))


def label_data(settings: Iterable[Setting]) -> dict[Setting, str]:
    """Label the images of each setting: the data set, and what distinguishes it from namesakes."""
    used = {setting: _data_details(setting) for setting in settings}
    labels = {}
    for setting, details in used.items():
        namesakes = [d for s, d in used.items() if s.dataset == setting.dataset]
        shared = frozenset.intersection(*namesakes)
        apart = sorted(details - shared)
        parts = (f"{name.partition(' ')[2]} {value.strip(chr(34))}" for name, value in apart)
        fields = ", ".join(parts)
        labels[setting] = f"{setting.dataset} ({fields})" if fields else setting.dataset
    return labels


def _names_of_devices(designs: Iterable[TrainedDesign]) -> dict[TimedDevice, str]:
    return name_timed_devices(record for design in designs for record in design.records)


def _data_details(setting: Setting) -> frozenset[tuple[str, str]]:
    return frozenset(entry for entry in setting.details if entry[0].startswith("dataset "))


def _finite_after(
    epochs: tuple[int, ...], curves: Mapping[int, tuple[float, ...]], epoch: int
) -> list[float]:
    if epoch not in epochs:
        return []
    row = epochs.index(epoch)
    values = (curve[row] for curve in curves.values())
    return [value for value in values if math.isfinite(value)]


def _join_curves(
    runs: Sequence[Record], epochs: Sequence[int], metric: QualityMetric
) -> dict[int, tuple[float, ...]]:
    """Return the loss of every seed after each epoch; NaN where a run of the seed lacks it."""
    seeds: defaultdict[int, list[tuple[float, ...]]] = defaultdict(list)
    for run in runs:
        loss = losses_by_epoch(run, metric)
        seeds[run.seed].append(tuple(loss.get(epoch, math.nan) for epoch in epochs))
    return {seed: _mean_curve(curves) for seed, curves in sorted(seeds.items())}


def _summarise(rows: Sequence[dict[str, Any]], device_name: str) -> MeasuredCost:
    """Summarise the runs of one design under one condition; runs of one seed are one sample."""
    first = rows[0]
    curves: defaultdict[int, list[tuple[float, ...]]] = defaultdict(list)
    for row in rows:
        curves[row["seed"]].append(row["until"])
    seconds = [_mean_curve(of_seed) for of_seed in curves.values()]
    latency = _mean_by_seed(rows, "latency_ms_per_image")
    slowest = _mean_by_seed(rows, "latency_p99_ms_per_image")
    fastest = _mean_by_seed(rows, "fastest_latency_ms_per_image")
    on_device = first["memory_kind"] == DEVICE_MEMORY
    peaks = [row["peak_device_bytes" if on_device else "peak_rss_bytes"] for row in rows]
    return MeasuredCost(
        condition=describe_condition(first),
        device_name=device_name,
        seconds=_mean_curve(seconds),
        seconds_std=_std_curve(seconds) if len(seconds) > 1 else None,
        latency_ms=sample_mean(latency) if latency else None,
        latency_ms_std=sample_std(latency) if latency else None,
        fastest_latency_ms=sample_mean(fastest) if fastest else None,
        fastest_latency_ms_std=sample_std(fastest) if fastest else None,
        latency_p99_ms=sample_mean(slowest) if slowest else None,
        latency_batch_size=first["latency_batch_size"],
        memory_bytes=max((peak for peak in peaks if peak is not None), default=None),
        memory_kind=first["memory_kind"],
        num_seeds=len(seconds),
        num_runs=len(rows),
        is_cascade_measured=all(row["is_cascade_measured"] for row in rows),
    )


def _mean_by_seed(rows: Sequence[dict[str, Any]], column: str) -> list[float]:
    """Return the mean of a column for each seed that has a value."""
    values: defaultdict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row[column] is not None:
            values[row["seed"]].append(row[column])
    return [sample_mean(of_seed) for of_seed in values.values()]


def _seconds_until(record: Record, epochs: Sequence[int]) -> tuple[float, ...]:
    seconds = accumulate(steady_seconds(record.epochs))
    until = dict(zip((e.epoch for e in record.epochs), seconds, strict=True))
    return tuple(until[epoch] for epoch in epochs)


def _mean_curve(curves: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(math.fsum(values) / len(values) for values in zip(*curves, strict=True))


def _std_curve(curves: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(sample_std(values) or 0.0 for values in zip(*curves, strict=True))
