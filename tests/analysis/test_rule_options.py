"""The options of commands that compare errors."""

from __future__ import annotations

import argparse

import pytest

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, METHODS, DecisionRule
from ensemble_switchover.analysis.rule_options import add_rule_options, rule_of
from ensemble_switchover.results.quality_metrics import METRIC_NAMES, QUALITY_METRICS


def read(*arguments):
    parser = argparse.ArgumentParser(prog="report")
    add_rule_options(parser)
    return rule_of(parser.parse_args(arguments))


def test_without_options_it_is_the_default():
    assert read() == DEFAULT_RULE


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_chosen(method):
    assert read("--rule", method) == DecisionRule(method)


@pytest.mark.parametrize("text", ["0.95", "95", "95%", "95 %"])
def test_the_confidence_is_a_share_or_a_percentage(text):
    assert read("--confidence", text) == DecisionRule(confidence=0.95)


def test_options_join():
    given = read("--rule", "paired_t", "--confidence", "0.8", "--keep-collapsed")
    assert given == DecisionRule("paired_t", 0.8, keep_collapsed=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--confidence", "1"], "expected a confidence from"),
        (["--confidence", "100"], "expected a confidence from"),
        (
            ["--confidence", "0"],
            "expected a confidence from 0.5 to 0.999999, such as 0.9 or 90%, not 0",
        ),
        (["--confidence", "high"], "such as 0.9 or 90%, not high"),
        (["--confidence", "nan"], "such as 0.9 or 90%, not nan"),
        (["--confidence=-0.9"], "such as 0.9 or 90%, not -0.9"),
        (["--confidence", "20%"], "expected a confidence from"),
        (["--rule", "t"], "argument --rule: invalid choice: 't'"),
        (["--rule", "Welch"], "argument --rule: invalid choice: 'Welch'"),
        (["--keep-collapsed=yes"], "argument --keep-collapsed: ignored explicit argument 'yes'"),
    ],
)
def test_a_wrong_value_gets_one_sentence(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        read(*arguments)
    message = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert sentence in message[-1]
    assert message[-1].startswith("report: error: argument --")
    assert sum(": error: " in line for line in message) == 1


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_every_metric_can_be_chosen(metric):
    given = read("--metric", metric)
    assert given == DecisionRule(metric=metric)
    assert given.quality is QUALITY_METRICS[metric]
