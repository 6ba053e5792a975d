"""The options of commands that compare errors: confidence, method, collapsed runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.decision_rule import METHODS, DecisionRule
from ensemble_switchover.analysis.statistics import CONFIDENCE
from ensemble_switchover.config.amounts import argument, parse_confidence

if TYPE_CHECKING:
    import argparse


def add_rule_options(parser: argparse.ArgumentParser) -> None:
    """Add `--confidence`, `--rule` and `--keep-collapsed` to a command."""
    group = parser.add_argument_group("how errors are compared (docs/statistics.md)")
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


def rule_of(given: argparse.Namespace) -> DecisionRule:
    """Return the rule that the options of a command ask for."""
    return DecisionRule(given.rule, given.confidence, keep_collapsed=given.keep_collapsed)
