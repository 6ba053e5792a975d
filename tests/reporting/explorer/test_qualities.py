"""By which metrics the page can compare."""

from __future__ import annotations

from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.reporting.explorer.qualities import (
    describe_not_offered,
    offered_metrics,
    quality_values,
)
from ensemble_switchover.results.quality_metrics import METRIC_NAMES, QUALITY_METRICS
from tests.factories import make_record
from tests.planted_metrics import with_quality


def test_metrics_that_all_runs_have_are_offered_the_error_first() -> None:
    plain, full = make_record(seed=0), with_quality(make_record(seed=1))
    assert [metric.name for metric in offered_metrics([full])] == list(METRIC_NAMES)
    assert [metric.name for metric in offered_metrics([plain, full])] == ["error", "nll"]


def test_what_is_not_offered_is_named_with_what_computes_it() -> None:
    assert describe_not_offered(list(QUALITY_METRICS.values())) is None
    told = describe_not_offered(offered_metrics([make_record()]))
    assert told is not None
    assert "balanced error, calibrated NLL and coverage at 5 % risk. Where" in told
    assert "results FOLDER --recompute-quality computes it" in told


def test_what_the_page_says_of_the_rule_names_the_metric() -> None:
    error, nll = (quality_values(DEFAULT_RULE, QUALITY_METRICS[n]) for n in ("error", "nll"))
    assert error["ruleText"] == (
        "Errors are compared by the 90 % Welch interval of their difference, from 3 seeds of both "
        "on; collapsed runs are left out of errors."
    )
    assert nll["ruleText"].startswith("NLLs are compared by the 90 % Welch interval of their")
    assert nll["whyNoInterval"] == "the NLLs do not vary over the seeds"
    assert (error["largest"], nll["largest"]) == (100.0, None)
    kept = quality_values(DecisionRule(keep_collapsed=True), QUALITY_METRICS["error"])
    assert kept["ruleText"].endswith("collapsed runs stay in every error.")
