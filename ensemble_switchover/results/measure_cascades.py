"""The cascades of a run: the cheapest within 0.1 points of its whole ensemble, by each exit rule.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.cascade.answers import answers_in_orders
from ensemble_switchover.measurement.cascade.cascade_reading import read_cascade
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES, WHOLE_ENSEMBLE
from ensemble_switchover.measurement.cascade.member_order import order_by_error, orders_to_try
from ensemble_switchover.measurement.cascade.threshold_choice import (
    ThresholdChoice,
    cheapest_threshold,
    cross_fit,
    split_folds,
)
from ensemble_switchover.results.cascade_record import (
    CascadeCurveRecord,
    CascadeOrdersRecord,
    CascadeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.measurement.cascade.answers import CascadeAnswers
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.predictions import Predictions


CURVE_THRESHOLDS = (
    *(0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98),
    *(0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999, 0.999999, WHOLE_ENSEMBLE),
)
"""Thresholds of the curve in a record: close where most images are decided."""


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


def cascade_curve(
    answers: CascadeAnswers, rule: ExitRule, thresholds: Sequence[float] = CURVE_THRESHOLDS
) -> CascadeCurveRecord:
    """Return error, NLL and mean number of members at each of some thresholds.

    Args:
        answers: After each member, in the order in which they are asked; at least one image.
        rule: The exit rule.
        thresholds: Rising.
    """
    read = [read_cascade(answers, rule, threshold) for threshold in thresholds]
    return CascadeCurveRecord(
        thresholds=list(thresholds),
        error_percent=[each.error_percent for each in read],
        nll_nats=[each.nll_nats for each in read],
        mean_members=[each.mean_members for each in read],
    )


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
