"""Planted rows of switchovers."""

from __future__ import annotations

import polars as pl

from ensemble_switchover.analysis.switchover.across_comparisons import SWITCHOVER_COLUMNS

ROW = {
    "setting": "resnet on digits",
    "family": "resnet",
    "dataset": "digits",
    "data_complexity_percent": 5.0,
    "source": "rule",
    "k": 4,
    "ensemble_class": "deq",
    "above_parameters": 100_000,
    "earliest_parameters": 200_000,
    "switchover_parameters": 200_000,
    "switchover_epoch": 3,
    "last_epoch": 9,
    "confidence": 0.95,
    "conditions": "3 seeds",
}


def frame(*changes: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{**ROW, **change} for change in changes], schema=SWITCHOVER_COLUMNS)
