"""The switchovers of all comparisons: one row per comparison and ensemble class."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.switchover.range import data_complexity, range_switchover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName
    from ensemble_switchover.analysis.switchover.image_verdict import ImageVerdict
    from ensemble_switchover.analysis.switchover.threshold import Threshold

SWITCHOVER_COLUMNS: dict[str, type[pl.DataType]] = {
    "setting": pl.String,
    "family": pl.String,
    "family_options": pl.String,
    "precision": pl.String,
    "dataset": pl.String,
    "dataset_fields": pl.String,
    "evaluated_on": pl.String,
    "beside_data": pl.String,
    "data_complexity_percent": pl.Float64,
    "source": pl.String,
    "k": pl.Int64,
    "ensemble_class": pl.String,
    "above_parameters": pl.Int64,
    "earliest_parameters": pl.Int64,
    "switchover_parameters": pl.Int64,
    "switchover_epoch": pl.Int64,
    "last_epoch": pl.Int64,
    "metric": pl.String,
    "method": pl.String,
    "confidence": pl.Float64,
    "intervals": pl.String,
    "num_images": pl.Int64,
    "above_parameters_with_images": pl.Int64,
    "earliest_parameters_with_images": pl.Int64,
    "switchover_parameters_with_images": pl.Int64,
    "differs_with_images": pl.Boolean,
    "conditions": pl.String,
}


def tabulate_switchovers(findings: Sequence[Finding]) -> pl.DataFrame:
    """Tabulate between which budgets each ensemble class switches over.

    `above_parameters` is the largest budget that is ruled out (0 if none is), `earliest_parameters`
    the smallest that is not (null if all are), and `switchover_parameters` the smallest that is
    shown to lie beyond the switchover (null if none is). `data_complexity_percent` is the error of
    the largest single network, whatever `metric` is compared. The columns `with_images` say the
    same with the sampling of the images in, and are null where predictions were not kept. Classes
    without a pair to compare have no row.
    """
    rows = [
        _row(finding, name, threshold)
        for finding in findings
        for name, threshold in finding.thresholds.items()
        if threshold.seed_counts is not None
    ]
    return pl.DataFrame(rows, schema=SWITCHOVER_COLUMNS)


def switchovers_by_k(switchovers: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the rows of each setting with several k, ascending in k."""
    groups = switchovers.group_by("setting", "source", maintain_order=True)
    return [group.sort("k") for _, group in groups if group["k"].n_unique() > 1]


def switchovers_by_data(switchovers: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the rows of each family and k with several data sets, the easiest data first.

    The epochs, rates and weight decay of the recipe may differ, since they depend on the data. The
    kind of recipe, the precision, the options of the family and the choice of test or validation
    images must agree (`Setting.beside_data`).
    """
    groups = switchovers.drop_nulls("data_complexity_percent").group_by(
        *("family", "beside_data", "k", "source"),
        maintain_order=True,
    )
    return [
        group.sort("data_complexity_percent", "setting")
        for _, group in groups
        if group["dataset_fields"].n_unique() > 1
    ]


def _row(finding: Finding, name: DesignClassName, threshold: Threshold) -> dict[str, Any]:
    comparison, found = finding.comparison, range_switchover(threshold)
    setting = comparison.setting
    return {
        "setting": comparison.setting_label,
        "family": setting.family,
        "family_options": json.dumps(setting.family_options),
        "precision": setting.precision,
        "dataset": setting.dataset,
        "dataset_fields": json.dumps(setting.data),
        "evaluated_on": setting.evaluated_on,
        "beside_data": json.dumps(setting.beside_data),
        "data_complexity_percent": data_complexity(finding),
        "source": comparison.source,
        "k": comparison.k,
        "ensemble_class": name,
        "above_parameters": int(found.above),
        "earliest_parameters": _whole(found.earliest),
        "switchover_parameters": threshold.budget,
        "switchover_epoch": threshold.epoch,
        "last_epoch": threshold.epochs[-1],
        "metric": threshold.rule.metric,
        "method": threshold.rule.method,
        "confidence": threshold.rule.confidence,
        "intervals": threshold.interval_name,
        **_with_images(finding.image_verdicts.get(name)),
        "conditions": finding.conditions,
    }


def _with_images(verdict: ImageVerdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    found = verdict.range
    return {
        "num_images": verdict.num_images,
        "above_parameters_with_images": int(found.above),
        "earliest_parameters_with_images": _whole(found.earliest),
        "switchover_parameters_with_images": verdict.budget,
        "differs_with_images": verdict.differs,
    }


def _whole(parameters: float) -> int | None:
    return None if math.isinf(parameters) else int(parameters)
