"""Runs whose metrics besides the error are given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ensemble_switchover.results.quality_record import QualityRecord
from tests.factories import make_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.results.record import Record

RIVALS_SEEDS = range(4)
JITTER = (-0.3, 0.1, 0.3, -0.1)
"""Of four seeds."""


def with_nll(record: Record, values: Sequence[float | None]) -> Record:
    """Return the record with its negative log-likelihood after every epoch, in nats."""
    epochs = [
        replace(epoch, nll_nats=value) for epoch, value in zip(record.epochs, values, strict=True)
    ]
    return replace(record, epochs=epochs)


def make_nll_study(
    nll: Callable[[str, int, int, int], float],
    error: Callable[[str, int, int, int], float],
    **overrides: object,
) -> list[Record]:
    """Make a study whose error and negative log-likelihood are given.

    Args:
        nll: `(design class, index of the budget, epoch counted from 1, seed)` -> nats.
        error: The same in percent.
        **overrides: Further arguments of `make_study`.
    """
    records = make_study(error, seeds=RIVALS_SEEDS, **overrides)  # type: ignore[arg-type]
    widths = sorted({record.budget.width for record in records})
    return [
        with_nll(
            record,
            [
                nll(
                    record.design.design_class,
                    widths.index(record.budget.width),
                    epoch.epoch,
                    record.seed,
                )
                for epoch in record.epochs
            ],
        )
        for record in records
    ]


def error_for_single(name: str, column: int, epoch: int, seed: int) -> float:
    """Return errors in percent by which the single network is 4 points better everywhere."""
    worse = {"single": 0.0, "deq": 4.0, "weq": 6.0}[name]
    return 30.0 - 2.0 * column - epoch + worse + JITTER[seed]


def nll_for_deq(name: str, column: int, epoch: int, seed: int) -> float:
    """Return nats by which deq is better everywhere, and weq worse, unlike the error."""
    worse = {"single": 0.0, "deq": -0.10, "weq": 0.10}[name]
    return 0.9 - 0.05 * column - 0.02 * epoch + worse + 0.02 * JITTER[seed]


def with_quality(record: Record, **values: float | None) -> Record:
    """Return the record with a quality after its last epoch, with these values."""
    quality: dict[str, Any] = {
        "num_images": 1497,
        "balanced_error_percent": 12.0,
        "class_error_percent": [12.0] * 10,
        "class_images": [150] * 10,
        "confusions": [],
        "num_confusions": 0,
        "temperature": 1.2,
        "calibrated_nll_nats": 0.3,
        "calibrated_ece": 0.02,
        "coverage_at_1_percent_risk": 0.5,
        "coverage_at_2_percent_risk": 0.6,
        "coverage_at_5_percent_risk": 0.8,
        "aurc": 0.03,
        "vote_error_percent": None,
        "disagreement_error_ratio": None,
        "ensemble_improvement_rate": None,
        "vote_improvement_lower": None,
        "vote_improvement_upper": None,
        "is_competent": None,
        **values,
    }
    return replace(record, quality=QualityRecord(**quality))


def cover_more_with_deq(record: Record) -> Record:
    """Return the record with a coverage by which deq is 6 points better, and weq 6 points worse."""
    more = {"single": 0.0, "deq": 0.06, "weq": -0.06}[record.design.design_class]
    covered = 0.80 + more + 0.02 * JITTER[record.seed]
    return with_quality(record, coverage_at_5_percent_risk=covered)
