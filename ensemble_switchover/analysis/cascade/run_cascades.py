"""The cascades of a run: the cheapest within 0.1 points of its whole ensemble, by each exit rule.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.cascade.answers import answers_in_orders
from ensemble_switchover.analysis.cascade.cascade_curve import cascade_curve, read_cascade
from ensemble_switchover.analysis.cascade.member_order import order_by_error, orders_to_try
from ensemble_switchover.analysis.cascade.threshold_choice import (
    ThresholdChoice,
    cheapest_threshold,
    cross_fit,
    split_folds,
)
from ensemble_switchover.results.cascade_record import (
    EXIT_RULES,
    CascadeOrdersRecord,
    CascadeRecord,
)
from ensemble_switchover.results.pools import read_predictions, read_validation_predictions
from ensemble_switchover.results.predictions import predictions_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.cascade.answers import CascadeAnswers
    from ensemble_switchover.results.cascade_record import ExitRule
    from ensemble_switchover.results.predictions import Predictions
    from ensemble_switchover.results.record import Record


def make_cascades(read_on: Predictions, held_out: Predictions | None = None) -> list[CascadeRecord]:
    """Choose the cheapest cascade of an ensemble by each exit rule, and read what it does.

    Args:
        read_on: The members on the images that everything is read on.
        held_out: The members on other images, which order them and give the threshold. Without
            them the members stay as they were trained, and the threshold is cross-fitted.

    Returns:
        One for each exit rule; none of predictions that are not numbers.
    """
    k, num_images, _ = read_on.log_probabilities.shape
    parts = [read_on] if held_out is None else [read_on, held_out]
    if not num_images or any(np.isnan(part.log_probabilities.max()) for part in parts):
        return []
    order = list(range(k))
    if held_out is not None:
        order = order_by_error(held_out.log_probabilities, held_out.labels)
    orders = orders_to_try(order)
    answers = answers_in_orders(read_on.log_probabilities, read_on.labels, orders)
    chosen_on = answers
    if held_out is not None:
        chosen_on = answers_in_orders(held_out.log_probabilities, held_out.labels, orders)
    found = [_make_cascade(rule, orders, answers, chosen_on) for rule in EXIT_RULES]
    return [_without_nll(cascade) for cascade in found] if read_on.from_half else found


def cascades_of(record: Record, folder: Path) -> list[CascadeRecord]:
    """Return the cascades of a run after its last epoch, from its record or its predictions.

    Nothing is opened where no predictions lie beside the record, so that asking many runs costs
    little.

    Args:
        record: The run.
        folder: Its folder.

    Returns:
        One for each exit rule; none of a single network, or without predictions.

    Raises:
        RecordError: if the predictions are damaged, removed, or not those of the run.
    """
    if record.cascades or record.design.k < 2:
        return list(record.cascades)
    epoch = record.epochs[-1].epoch
    if not (folder / predictions_file(epoch)).exists():
        return []
    found = read_predictions(folder, epoch)
    if found is None:
        return []
    return make_cascades(found, read_validation_predictions(folder))


def _make_cascade(
    rule: ExitRule,
    orders: Sequence[list[int]],
    answers: Sequence[CascadeAnswers],
    chosen_on: Sequence[CascadeAnswers],
) -> CascadeRecord:
    """Choose a threshold for each order; the first order is the cascade's own."""
    choices = [_choose(rule, own, other) for own, other in zip(answers, chosen_on, strict=True)]
    read = [
        read_cascade(own, rule, choice.of_images)
        for own, choice in zip(answers, choices, strict=True)
    ]
    own, choice, first = read[0], choices[0], answers[0]
    cross_fitted = chosen_on is answers
    errors = [each.error_percent for each in read]
    members = [each.mean_members for each in read]
    curve = cascade_curve(first, rule)
    return CascadeRecord(
        rule=rule,
        order=list(orders[0]),
        ordered_by="training" if cross_fitted else "validation error",
        chosen_on="folds" if cross_fitted else "validation",
        num_folds=len(choice.fold_thresholds),
        num_images=first.num_images,
        threshold=choice.threshold,
        fold_thresholds=list(choice.fold_thresholds),
        error_percent=own.error_percent,
        nll_nats=own.nll_nats,
        mean_members=own.mean_members,
        members_p50=own.members_sufficing(0.5),
        members_p90=own.members_sufficing(0.9),
        members_p99=own.members_sufficing(0.99),
        whole_error_percent=curve.error_percent[-1],
        whole_nll_nats=curve.nll_nats[-1],
        curve=curve,
        orders=CascadeOrdersRecord(
            num_orders=len(orders),
            is_every_order=len(orders) == math.factorial(len(orders[0])),
            error_percent=(min(errors), max(errors)),
            mean_members=(min(members), max(members)),
        ),
    )


def _without_nll(cascade: CascadeRecord) -> CascadeRecord:
    """Leave out what half precision cannot tell."""
    curve = replace(cascade.curve, nll_nats=[])
    return replace(cascade, nll_nats=None, whole_nll_nats=None, curve=curve)


def _choose(rule: ExitRule, own: CascadeAnswers, other: CascadeAnswers) -> ThresholdChoice:
    """Choose on other images, or in folds of the same where they are no others."""
    if own is other:
        return cross_fit(own.scores[rule], own.errors, split_folds(own.num_images))
    threshold = cheapest_threshold(other.scores[rule], other.errors)
    return ThresholdChoice(threshold, threshold)
