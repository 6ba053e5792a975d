"""The options of commands that compare errors, and of those that advise within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.short_list import LARGEST_MARGIN
from ensemble_switchover.analysis.decision_rule import METHODS, DecisionRule
from ensemble_switchover.analysis.statistics import CONFIDENCE
from ensemble_switchover.config.amounts import (
    argument,
    parse_bytes,
    parse_confidence,
    parse_number,
    parse_parameter_count,
    parse_points,
)
from ensemble_switchover.results.quality_metrics import ERROR_METRIC, METRIC_NAMES, NATS

if TYPE_CHECKING:
    import argparse


def add_rule_options(parser: argparse.ArgumentParser) -> None:
    """Add `--metric`, `--confidence`, `--rule` and `--keep-collapsed` to a command."""
    group = parser.add_argument_group("how errors are compared (docs/statistics.md)")
    group.add_argument(
        "--metric",
        choices=METRIC_NAMES,
        default=ERROR_METRIC.name,
        help="what is compared: the error (default), or another measure of the probabilities; "
        "collapsed runs are found by their errors, and limits on accuracy are about the error",
    )
    group.add_argument(
        "--confidence",
        type=argument(parse_confidence),
        default=CONFIDENCE,
        metavar="SHARE",
        help=f"confidence of every interval, two-sided, such as 0.95; default: {CONFIDENCE:g}",
    )
    group.add_argument(
        "--rule",
        choices=METHODS,
        default="welch",
        help="interval of a difference of errors: two independent samples (welch, default), seeds "
        "paired, or by ranks",
    )
    group.add_argument(
        "--keep-collapsed",
        action="store_true",
        help="leave runs that ended far worse than the other seeds in every mean",
    )


def add_limit_options(limit: argparse._ArgumentGroup) -> None:
    """Add `--parameters`, `--latency-ms` and `--memory` to a group of a command's options."""
    limit.add_argument(
        "--parameters",
        type=argument(parse_parameter_count),
        metavar="N",
        help="parameters of all members, such as 2M or 200k",
    )
    limit.add_argument(
        "--latency-ms",
        type=argument(parse_number),
        metavar="MS",
        help="inference time per image in milliseconds, one member after another",
    )
    limit.add_argument(
        "--memory",
        type=argument(parse_bytes),
        metavar="SIZE",
        help="memory of the device, such as 8GiB; on a CPU, of the whole process",
    )


def add_margin_option(parser: argparse.ArgumentParser) -> None:
    """Add `--margin` to a command that advises which design to build."""
    parser.add_argument(
        "--margin",
        type=argument(parse_points),
        metavar="POINTS",
        help="percentage points within which a design is as good as the best, or nats where the "
        "metric is a log-likelihood; default: the standard error of the test images, at most "
        f"{LARGEST_MARGIN:g} (or {NATS.largest_margin:g} nats)",
    )


def rule_of(given: argparse.Namespace) -> DecisionRule:
    """Return the rule that the options of a command ask for."""
    return DecisionRule(
        given.rule,
        given.confidence,
        keep_collapsed=given.keep_collapsed,
        metric=given.metric,
    )
