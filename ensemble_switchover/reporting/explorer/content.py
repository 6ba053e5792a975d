"""The content of the explorer as plain values: designs, maps and metrics."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.advice.added_devices import (
    added_device_names,
    list_added_candidates,
)
from ensemble_switchover.analysis.advice.cascade_designs import with_cascades_of
from ensemble_switchover.analysis.advice.rule import MEASURED_RANGE_FACTOR
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    find_beside,
    list_candidates,
    other_devices,
)
from ensemble_switchover.analysis.class_terms import CLASS_TERMS
from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.collapse_counts import count_collapsed, describe_collapses
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.conditions import list_conditions
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.shortened_schedule import shortened_lengths
from ensemble_switchover.analysis.statistics import require_confidence
from ensemble_switchover.analysis.switchover.error_grid import DESIGN_CLASSES
from ensemble_switchover.analysis.unlike_times import note_unlike_times
from ensemble_switchover.config.fingerprint import is_excluded
from ensemble_switchover.reporting.explorer.cascade_metrics import drawn_cascades
from ensemble_switchover.reporting.explorer.curves_by_metric import (
    CurvesByMetric,
    find_by_metric,
    kept_rows,
)
from ensemble_switchover.reporting.explorer.floats import FloatPool
from ensemble_switchover.reporting.explorer.maps import map_values
from ensemble_switchover.reporting.explorer.metrics import METRICS, metric_rows
from ensemble_switchover.reporting.explorer.qualities import (
    describe_not_offered,
    offered_metrics,
    quality_values,
)
from ensemble_switchover.reporting.explorer.rule_values import rule_values
from ensemble_switchover.results.epoch_metrics import errors_by_epoch
from ensemble_switchover.results.metric_losses import losses_by_epoch
from ensemble_switchover.results.quality_metrics import ERROR_METRIC
from ensemble_switchover.results.rerun_command import flatten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.added_devices import TimingsOfRuns
    from ensemble_switchover.analysis.advice.trained_designs import (
        CascadeFacts,
        MeasuredCost,
        TrainedDesign,
    )
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record

MAX_CURVE_NUMBERS = 300_000
"""Most errors that a page holds (1.6 MB); with more, it keeps every second epoch or fewer. Losses
by other metrics come on top, for each that is known after every epoch as many."""


def build_content(
    records: Sequence[Record],
    write_command: Callable[[Sequence[Record]], str | None],
    rule: DecisionRule = DEFAULT_RULE,
    image_reader: ImageErrorReader | None = None,
    margin: float | None = None,
    folders: Mapping[RunKey, Path] | None = None,
    without_metric: str | None = None,
    cascades: Mapping[RunKey, Sequence[CascadeRecord]] = MappingProxyType({}),
    timings: TimingsOfRuns = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the content of the page as values that JSON can hold.

    Args:
        records: Runs of any number of studies, at least one; they have the metric of the rule.
        write_command: Returns the command that repeats the runs of one design.
        rule: How designs are compared, and by which metric until another is chosen on the page.
        image_reader: Reads on which images runs err, for the answers with their sampling in.
        margin: Within which a design is as good as the best, in the unit of the metric; None: the
            default of the advice.
        folders: The folder of every run, for the spread of losses in kept predictions.
        without_metric: Which runs lack the metric of the rule, in a sentence.
        cascades: Run -> its cascades (`read_cascades`).
        timings: Run -> times on other devices that were added to it (`read_timings_of_runs`).

    Raises:
        ValueError: if the confidence is not between 0 and 1.
    """
    require_confidence(rule.confidence)
    chosen, rule = rule.metric, replace(rule, metric=ERROR_METRIC.name)
    collapsed = find_collapsed(records)
    comparisons = group_comparisons(records)
    by_metric = find_by_metric(comparisons, offered_metrics(records)[1:], rule)
    metrics = [ERROR_METRIC, *by_metric]
    whole = collect_designs(records, rule.keep_collapsed)
    designs = with_cascades_of(whole, cascades, keep_collapsed=rule.keep_collapsed)
    others = designs
    if collapsed:
        others = collect_designs(records, not rule.keep_collapsed)
        others = with_cascades_of(others, cascades, keep_collapsed=not rule.keep_collapsed)
    treated = {design.key: design for design in others}
    losses = CurvesByMetric(records, list(by_metric), rule, cascades, has_collapsed=bool(collapsed))
    stride = choose_stride(sum(len(errors_by_epoch(r.epochs)) for r in records))
    pool = FloatPool()
    costs = _costs(designs, timings)
    shared = _shared_config(records)
    facts: dict[tuple[str, str], int] = {}
    listed = [
        {
            **_design_values(design, stride, pool),
            "losses": losses.values(design.key, stride, pool, turned=False),
            "lossSpread": losses.spread(design.key, folders),
            "collapsed": _collapsed_values(design, stride, pool, list(by_metric)),
            "beside": beside,
            "other": _sample_values(treated[design.key], stride, pool)
            | {"losses": losses.values(design.key, stride, pool, turned=True)}
            if design.collapsed and design.key in treated
            else None,
            "costs": [_cost_values(cost, design, stride, pool) for cost in costs[design.key]],
            "command": write_command(design.records),
            "facts": [facts.setdefault(f, len(facts)) for f in _conditions_of(design)],
            "config": {} if design.cascade else _own_config(design.records[0], shared),
        }
        for design, beside in zip(designs, find_beside(designs), strict=True)
    ]
    numbers = {design.network_key: number for number, design in enumerate(whole)}
    findings = [
        derive_finding(comparison, rule, image_reader=image_reader) for comparison in comparisons
    ]
    data = {design.setting: design.data for design in designs}
    return {
        "studies": sorted({record.study for record in records}),
        "numRuns": len(records),
        "stride": stride,
        "measuredRangeFactor": MEASURED_RANGE_FACTOR,
        "margin": margin,
        "qualities": [quality_values(rule, metric) for metric in metrics],
        "compare": chosen,
        "withoutMetric": without_metric,
        "notOffered": describe_not_offered(metrics),
        "classTerms": CLASS_TERMS,
        "rule": rule_values(rule, [*designs, *others, *losses.designs()]),
        "collapseCounts": _count_collapsed(designs, rule),
        "metrics": [list(metric) for metric in METRICS],
        "designs": listed,
        "otherDevices": other_devices(designs),
        "comparisons": [
            _comparison_values(finding, numbers, data)
            | {
                "byMetric": {
                    metric.name: _metric_answer(of_metric[number])
                    for metric, of_metric in by_metric.items()
                }
            }
            for number, finding in enumerate(findings)
        ],
        "rows": metric_rows(
            tabulate_runs(records, frozenset() if rule.keep_collapsed else collapsed),
            drawn_cascades(records, cascades),
        ),
        "config": shared,
        "facts": list(facts),
        "floats": pool.encode(),
    }


def _conditions_of(design: TrainedDesign) -> list[tuple[str, str]]:
    """Return the conditions of a design; a cascade is not shown with those of its ensemble."""
    return [] if design.cascade else list_conditions(design.records)


def choose_stride(num_errors: int) -> int:
    """Choose the stride at which epochs of a curve are kept.

    >>> choose_stride(240_000), choose_stride(700_000)
    (1, 3)
    """
    return max(1, math.ceil(num_errors / MAX_CURVE_NUMBERS))


def _costs(
    designs: Sequence[TrainedDesign], timings: TimingsOfRuns
) -> dict[tuple[object, ...], list[MeasuredCost]]:
    costs: dict[tuple[object, ...], list[MeasuredCost]] = {design.key: [] for design in designs}
    for candidate in (
        *(c for device in device_names(designs) for c in list_candidates(designs, device)),
        *(
            candidate
            for device in added_device_names(designs, timings)
            for candidate in list_added_candidates(designs, device, timings)
        ),
    ):
        if candidate.cost is not None:
            costs[candidate.design.key].append(candidate.cost)
    return costs


def _design_values(design: TrainedDesign, stride: int, pool: FloatPool) -> dict[str, Any]:
    kept = kept_rows(design, stride)
    return {
        "setting": design.setting,
        "data": design.data,
        "measure": design.measure,
        "family": design.family,
        "designClass": design.design_class,
        "k": design.k,
        "depth": design.depth,
        "width": design.width,
        "parameters": design.parameters,
        "budgetParameters": design.budget_parameters,
        "cascade": None if design.cascade is None else _cascade_values(design.cascade),
        "numRuns": design.num_runs,
        "numImages": design.num_images,
        "shortened": [list(pair) for pair in shortened_lengths(design.records)],
        "epochs": [design.epochs[row] for row in kept],
        **_sample_values(design, stride, pool),
    }


def _cascade_values(cascade: CascadeFacts) -> dict[str, Any]:
    return {
        "rule": cascade.rule,
        "ofFolds": "folds" in cascade.chosen_on,
        "meanMembers": cascade.mean_members,
        "membersP99": cascade.members_p99,
        "wholeError": cascade.whole_error_percent,
    }


def _sample_values(design: TrainedDesign, stride: int, pool: FloatPool) -> dict[str, Any]:
    """Return the seeds whose errors count, and where their curves begin."""
    kept = kept_rows(design, stride)
    curves = [[curve[row] for row in kept] for curve in design.errors.values()]
    return {"seeds": list(design.errors), "errors": pool.add(curves)}


def _collapsed_values(
    design: TrainedDesign, stride: int, pool: FloatPool, metrics: Sequence[QualityMetric]
) -> list[dict[str, Any]]:
    """Return the collapsed runs of a design, with their curves."""
    epochs = [design.epochs[row] for row in kept_rows(design, stride)]
    values = []
    for record in design.collapsed:
        error = errors_by_epoch(record.epochs)
        curve = [error[epoch] for epoch in epochs]
        losses = {}
        for metric in metrics:
            loss = losses_by_epoch(record, metric)
            losses[metric.name] = pool.add([[loss.get(epoch, math.nan) for epoch in epochs]])
        values.append(
            {
                "name": record.name,
                "seed": record.seed,
                "errors": pool.add([curve]),
                "losses": losses,
            }
        )
    return values


def _count_collapsed(designs: Sequence[TrainedDesign], rule: DecisionRule) -> list[dict[str, Any]]:
    """Say how many runs collapsed, for every choice of data, family and k that has some.

    Family and k are None where all are chosen; single networks are of every k.
    """
    counts = []
    families = (None, *dict.fromkeys(design.family for design in designs))
    ks = (None, *sorted({design.k for design in designs}))
    data = dict.fromkeys(design.data for design in designs)
    for images, family, k in product(data, families, ks):
        chosen = [
            design
            for design in designs
            if design.data == images
            and family in (None, design.family)
            and (k is None or design.k in (1, k))
        ]
        if any(design.collapsed for design in chosen):
            records = [record for design in chosen for record in design.records]
            collapsed = {(r.study, r.name) for design in chosen for r in design.collapsed}
            text = _describe_collapsed(records, collapsed, rule)
            counts.append({"data": images, "family": family, "k": k, "text": text})
    return counts


def _describe_collapsed(
    records: Sequence[Record], collapsed: Collection[RunKey], rule: DecisionRule
) -> str:
    counts = count_collapsed(records, collapsed, rule.confidence)
    return describe_collapses(counts, rule.confidence)


def _cost_values(
    cost: MeasuredCost, design: TrainedDesign, stride: int, pool: FloatPool
) -> dict[str, Any]:
    kept = kept_rows(design, stride)
    std = cost.seconds_std
    return {
        "condition": cost.condition,
        "device": cost.device_name,
        "seconds": None
        if cost.seconds is None
        else pool.add([[cost.seconds[row] for row in kept]]),
        "secondsStd": None if std is None else pool.add([[std[row] for row in kept]]),
        "latency": _finite(cost.latency_ms),
        "latencyStd": _finite(cost.latency_ms_std),
        "fastest": _finite(cost.fastest_latency_ms),
        "fastestStd": _finite(cost.fastest_latency_ms_std),
        "slowest": _finite(cost.latency_p99_ms),
        "isCascadeMeasured": cost.is_cascade_measured,
        "latencyBatch": cost.latency_batch_size,
        "memory": cost.memory_bytes,
        "memoryKind": cost.memory_kind,
        "numSeeds": cost.num_seeds,
        "numRuns": cost.num_runs,
    }


def _comparison_values(
    finding: Finding,
    numbers: dict[tuple[str, str, int, int, int], int],
    data: dict[str, str],
) -> dict[str, Any]:
    comparison, grid = finding.comparison, finding.grid
    setting = comparison.setting_label
    designs: dict[str, list[int | None]] = {}
    for name in DESIGN_CLASSES:
        trained = [grid.designs.get((name, column)) for column in range(len(grid.budgets))]
        designs[name] = [
            None if d is None else numbers[setting, data[setting], d.k, d.depth, d.width]
            for d in trained
        ]
    return {
        "label": comparison.label,
        "setting": setting,
        "data": data[setting],
        "family": comparison.setting.family,
        "measure": finding.measure,
        "k": comparison.k,
        "source": comparison.source,
        "budgets": [[b.parameters, b.depth, b.width] for b in grid.budgets],
        "epochs": list(grid.epochs),
        "designs": designs,
        "maps": map_values(finding),
        "sentences": list(finding.sentences),
        "collapsed": _collapse_sentences(finding),
        "unlikeTimes": note_unlike_times(finding.runs),
        "holes": [[hole.design_class, hole.column, hole.reason] for hole in finding.holes],
    }


def _metric_answer(finding: Finding) -> dict[str, Any]:
    """Return what a comparison answers by a metric in place of the error."""
    return {
        "epochs": list(finding.grid.epochs),
        "maps": map_values(finding),
        "sentences": list(finding.sentences),
    }


def _collapse_sentences(finding: Finding) -> list[str]:
    """Name and count the collapsed runs of a comparison."""
    if not finding.collapsed:
        return []
    records = finding.comparison.records
    kept = finding.rule.keep_collapsed
    where = "Collapsed, and counted in every error" if kept else "Collapsed, and left out of errors"
    return [
        f"{where}: {name_first_few(finding.collapsed)}.",
        f"{_describe_collapsed(records, find_collapsed(records), finding.rule)}.",
    ]


def _shared_config(records: Sequence[Record]) -> dict[str, Any]:
    """Return the flattened keys on which the configurations of all runs agree."""
    flat = [_shown_config(record) for record in records]
    return {
        key: value
        for key, value in flat[0].items()
        if all(key in other and other[key] == value for other in flat)
    }


def _own_config(record: Record, shared: dict[str, Any]) -> dict[str, Any]:
    """Return the flattened keys of a run's configuration that are not shared, without the seed."""
    own = _shown_config(record)
    return {key: value for key, value in own.items() if key not in shared and key != "seed"}


def _shown_config(record: Record) -> dict[str, Any]:
    """Return the flattened configuration of a run without keys that do not affect the result."""
    flat = flatten(record.config)
    return {key: _finite(value) for key, value in flat.items() if not is_excluded(key)}


def _finite(value: Any) -> Any:
    """Replace a number that JSON cannot hold by None, in lists too."""
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
