"""The curves of all designs by every metric but the error, and what comparisons answer by them."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.cascade_designs import (
    CASCADE_METRICS,
    with_cascades_of,
)
from ensemble_switchover.analysis.advice.loss_spread import read_loss_spread
from ensemble_switchover.analysis.advice.trained_designs import collect_designs
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.trained_designs import CandidateKey, TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.comparison import Comparison
    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.reporting.explorer.floats import FloatPool
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.record import Record


def kept_rows(design: TrainedDesign, stride: int) -> list[int]:
    """Return the indices of the kept epochs, which always include the last."""
    last = len(design.epochs) - 1
    return [*range(last % stride, last, stride), last]


def find_by_metric(
    comparisons: Sequence[Comparison], metrics: Sequence[QualityMetric], rule: DecisionRule
) -> dict[QualityMetric, list[Finding]]:
    """Derive the findings by every metric but the error; without those that some lack."""
    found = {}
    for metric in metrics:
        own = replace(rule, metric=metric.name)
        with suppress(RecordError):  # runs that ended after different epochs share none with it
            found[metric] = [derive_finding(comparison, own) for comparison in comparisons]
    return found


class CurvesByMetric:
    """The losses of all designs by every metric but the error; of cascades by those they have."""

    def __init__(
        self,
        records: Sequence[Record],
        metrics: Sequence[QualityMetric],
        rule: DecisionRule,
        cascades: Mapping[RunKey, Sequence[CascadeRecord]],
        *,
        has_collapsed: bool,
    ) -> None:
        keep = rule.keep_collapsed
        treatments = (keep, not keep) if has_collapsed else (keep,)
        self._of = {
            turned: {metric: _by_key(records, kept, metric, cascades) for metric in metrics}
            for turned, kept in enumerate(treatments)
        }

    def designs(self) -> list[TrainedDesign]:
        """Return all designs by every metric, in every treatment of collapsed runs."""
        every = [designs for of in self._of.values() for designs in of.values()]
        return [design for designs in every for design in designs.values()]

    def values(
        self, key: CandidateKey, stride: int, pool: FloatPool, *, turned: bool
    ) -> dict[str, list[int]]:
        """Return where the curves of a design begin, and the row of their first number.

        Args:
            key: Of the design.
            stride: At which epochs are kept.
            pool: Takes the curves.
            turned: Whether collapsed runs are treated the other way round than by the rule.
        """
        return {
            metric.name: _curve_values(designs[key], stride, pool)
            for metric, designs in self._of[int(turned)].items()
            if key in designs
        }

    def spread(self, key: CandidateKey, folders: Mapping[RunKey, Path] | None) -> float | None:
        """Return the spread of the losses of images of a design where predictions were kept."""
        for metric, designs in self._of[0].items():
            design = designs.get(key)
            if folders is not None and metric.unit != PERCENT and design is not None:
                return read_loss_spread(design, folders)
        return None


def _by_key(
    records: Sequence[Record],
    keep_collapsed: bool,
    metric: QualityMetric,
    cascades: Mapping[RunKey, Sequence[CascadeRecord]],
) -> dict[CandidateKey, TrainedDesign]:
    designs = collect_designs(records, keep_collapsed, metric)
    if metric.name in CASCADE_METRICS:
        designs = with_cascades_of(designs, cascades, keep_collapsed=keep_collapsed)
    return {design.key: design for design in designs}


def _curve_values(design: TrainedDesign, stride: int, pool: FloatPool) -> list[int]:
    """Return where the curves of losses begin, and the first kept epoch with a number."""
    kept = kept_rows(design, stride)
    curves = [[curve[row] for row in kept] for curve in design.losses.values()]
    known = (row for row in range(len(kept)) if any(math.isfinite(curve[row]) for curve in curves))
    start = next(known, len(kept) - 1)
    return [pool.add(curve[start:] for curve in curves), start]
