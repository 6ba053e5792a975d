"""Cascades as candidates for advice: each beside its whole ensemble, with an error of its own.

A cascade asks the members of an ensemble in turn until their mean is sure enough, so it errs
differently and takes less time. Its error is the honest one of `CascadeRecord`: of images that its
threshold was not chosen on. The exit rule is stated beforehand, so that no rule is picked by its
luck on the test images.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.trained_designs import (
    CascadeFacts,
    ErrorCurves,
    find_beside,
)
from ensemble_switchover.analysis.cascade.run_cascades import cascades_of
from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.terminal import complain
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.trained_designs import TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record


CASCADE_METRICS = ("error", "nll")
"""The metrics that cascades are compared by."""


@dataclass(frozen=True, slots=True)
class FoundCascades:
    """The cascades of some designs, as designs of their own."""

    designs: list[TrainedDesign]
    """In the order of the ensembles."""
    without: int
    """Number of ensembles without one: none of their runs kept predictions after the last epoch."""


def read_cascades(
    records: Iterable[Record], folders: Mapping[RunKey, Path]
) -> dict[RunKey, list[CascadeRecord]]:
    """Return the cascades of the runs that have some, from their records or their predictions.

    Predictions that cannot be read are told of.

    Args:
        records: Runs of any kind.
        folders: The folder of every run.
    """
    found: dict[RunKey, list[CascadeRecord]] = {}
    for record in records:
        key = (record.study, record.name)
        if record.design.k < 2 or key not in folders:
            continue
        try:
            cascades = cascades_of(record, folders[key])
        except RecordError as error:
            complain(f"no cascade: {error}")
            continue
        if cascades:
            found[key] = cascades
    return found


def collect_cascades(
    designs: Sequence[TrainedDesign],
    cascades: Mapping[RunKey, Sequence[CascadeRecord]],
    rule: ExitRule,
    *,
    keep_collapsed: bool = False,
) -> FoundCascades:
    """Make a design of the cascade of every ensemble that has one.

    Args:
        designs: From `collect_designs`.
        cascades: Run -> its cascades, from `read_cascades`.
        rule: The exit rule.
        keep_collapsed: Whether the errors of collapsed runs count too, as in the designs.

    Raises:
        ConfigError: if the designs are compared by a metric that no cascade has.
    """
    found, without = [], 0
    for design in designs:
        if design.k < 2:
            continue
        collapsed = {(record.study, record.name) for record in design.collapsed}
        left_out = set() if keep_collapsed else collapsed
        runs = [
            (record, cascade)
            for record in design.records
            for cascade in cascades.get((record.study, record.name), ())
            if cascade.rule == rule and record.epochs[-1].epoch == design.epochs[-1]
        ]
        if any((record.study, record.name) not in left_out for record, _ in runs):
            found.append(_cascade_of(design, runs, left_out))
        else:
            without += 1
    curves = [ErrorCurves(design.epochs, design.errors, design.losses) for design in found]
    beside = find_beside(found)
    return FoundCascades(
        [
            replace(design, beside=tuple(curves[i] for i in numbers))
            for design, numbers in zip(found, beside, strict=True)
        ],
        without,
    )


def with_cascades_of(
    designs: Sequence[TrainedDesign],
    cascades: Mapping[RunKey, Sequence[CascadeRecord]],
    *,
    keep_collapsed: bool = False,
) -> list[TrainedDesign]:
    """Return designs, and behind them the cascades of every ensemble by each exit rule."""
    found = list(designs)
    for rule in EXIT_RULES:
        found += collect_cascades(designs, cascades, rule, keep_collapsed=keep_collapsed).designs
    return found


def _cascade_of(
    design: TrainedDesign,
    runs: Sequence[tuple[Record, CascadeRecord]],
    left_out: Collection[RunKey],
) -> TrainedDesign:
    """Return the cascade of a design; runs that are left out of errors count in its costs."""
    counted = [(r, cascade) for r, cascade in runs if (r.study, r.name) not in left_out]
    errors = _mean_by_seed((record.seed, cascade.error_percent) for record, cascade in counted)
    losses = errors
    if not design.metric.is_error:
        losses = _mean_by_seed((r.seed, _loss_of(c, design.metric)) for r, c in counted)
    return replace(
        design,
        epochs=design.epochs[-1:],
        errors={seed: (error,) for seed, error in errors.items()},
        losses={seed: (loss,) for seed, loss in losses.items()},
        records=tuple(record for record, _ in runs),
        collapsed=tuple(
            run
            for run in design.collapsed
            if any((run.study, run.name) == (record.study, record.name) for record, _ in runs)
        ),
        cascade=_facts_of(runs, counted),
    )


def _facts_of(
    runs: Sequence[tuple[Record, CascadeRecord]], counted: Sequence[tuple[Record, CascadeRecord]]
) -> CascadeFacts:
    def mean(name: str) -> float:
        seeds = _mean_by_seed((record.seed, getattr(cascade, name)) for record, cascade in counted)
        return sample_mean(list(seeds.values()))

    return CascadeFacts(
        rule=runs[0][1].rule,
        chosen_on=tuple(sorted({cascade.chosen_on for _, cascade in counted})),
        mean_members=mean("mean_members"),
        members_p99=max(cascade.members_p99 for _, cascade in counted),
        whole_error_percent=mean("whole_error_percent"),
        of_runs={(record.study, record.name): cascade for record, cascade in runs},
    )


def _loss_of(cascade: CascadeRecord, metric: QualityMetric) -> float:
    if metric.name not in CASCADE_METRICS:
        raise ConfigError(
            f"--cascade: cascades are compared by error or nll; expected one of these, not "
            f"--metric {metric.name}"
        )
    return math.nan if cascade.nll_nats is None else cascade.nll_nats


def _mean_by_seed(values: Iterable[tuple[int, float]]) -> dict[int, float]:
    seeds: defaultdict[int, list[float]] = defaultdict(list)
    for seed, value in values:
        seeds[seed].append(value)
    return {seed: sample_mean(of_seed) for seed, of_seed in sorted(seeds.items())}
