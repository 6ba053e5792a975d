"""The rule's default, and its names."""

from __future__ import annotations

from typing import get_args

from ensemble_switchover.analysis.decision_rule import (
    DEFAULT_RULE,
    INTERVAL_NAMES,
    METHOD_NAMES,
    METHODS,
    MIN_SEEDS,
    DecisionRule,
    Method,
)
from ensemble_switchover.analysis.statistics import CONFIDENCE


def test_by_default_each_direction_is_tested_at_5_percent_from_three_seeds_on():
    assert DecisionRule("welch", 0.90, 0.0, keep_collapsed=False) == DEFAULT_RULE
    assert (DEFAULT_RULE.confidence, MIN_SEEDS) == (CONFIDENCE, 3)


def test_every_method_has_names_of_its_own():
    assert get_args(Method) == METHODS
    for names in (INTERVAL_NAMES, METHOD_NAMES):
        assert tuple(names) == METHODS
        assert len(set(names.values())) == len(METHODS)


def test_the_label_says_all_that_was_chosen():
    rules = [
        DecisionRule(method, confidence, keep_collapsed=kept)
        for method in METHODS
        for confidence in (0.9, 0.95, 0.999)
        for kept in (False, True)
    ]
    assert len({rule.label for rule in rules}) == len(rules)
    assert DEFAULT_RULE.label == "Welch, 90 %"
    assert DecisionRule("mann_whitney", 0.999).interval_name == "99.9 % Hodges-Lehmann interval"
