"""The losses of runs by a metric, and the runs that lack it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.metric_losses import (
    describe_lacking,
    has_metric,
    losses_by_epoch,
    require_metric,
    split_by_metric,
)
from ensemble_switchover.results.quality_metrics import (
    ERROR_METRIC,
    QUALITY_METRICS,
)
from tests.factories import make_record
from tests.planted_metrics import with_nll, with_quality

NLL = QUALITY_METRICS["nll"]


def test_a_metric_is_read_after_every_evaluated_epoch() -> None:
    record = make_record(test_errors=(40.0, 20.0, 10.0, 8.0), evaluate_every="2")
    assert losses_by_epoch(record, ERROR_METRIC) == {2: 20.0, 4: 8.0}
    planted = with_nll(make_record(test_errors=(40.0, 20.0)), [0.7, 0.4])
    assert losses_by_epoch(planted, NLL) == {1: 0.7, 2: 0.4}


def test_a_run_without_it_after_the_last_epoch_lacks_it() -> None:
    there = with_nll(make_record(seed=0), [0.9, None, 0.5])
    lacking = with_nll(make_record(seed=1), [0.9, 0.7, None])
    assert has_metric(there, NLL)
    assert not has_metric(lacking, NLL)
    assert split_by_metric([lacking, there], NLL) == ([there], [lacking])
    assert require_metric("here", [lacking, there], NLL) == ([there], [lacking])
    with pytest.raises(RecordError, match=r"^here: --metric nll: 1 run lacks the test NLL .*-s1\)"):
        require_metric("here", [lacking], NLL)


def test_runs_that_lack_it_are_counted_named_and_told_what_computes_it() -> None:
    lacking = [with_nll(make_record(seed=seed), [None] * 3) for seed in range(5)]
    told = describe_lacking(lacking, NLL)
    assert told.startswith("5 runs lack the test NLL and are left out (resnet-digits-26x12-single")
    assert "and 2 more" in told
    assert "results FOLDER --recompute-quality" in told


def test_where_predictions_do_not_tell_it_nobody_is_sent_to_compute_it_again() -> None:
    calibrated = QUALITY_METRICS["calibrated_nll"]
    record = with_quality(make_record(), calibrated_nll_nats=None, coverage_at_5_percent_risk=0.9)
    assert not has_metric(record, calibrated)
    told = describe_lacking([record], calibrated)
    assert told.endswith("; their predictions do not tell it: half precision took some for 0 or 1")
    assert "--recompute-quality computes it" in describe_lacking(
        [record, make_record(seed=1)], calibrated
    )


def test_what_is_known_after_the_last_epoch_only_is_of_that_epoch() -> None:
    record = make_record(test_errors=(40.0, 20.0, 10.0))
    calibrated, coverage = (
        QUALITY_METRICS[name] for name in ("calibrated_nll", "coverage_at_5_percent_risk")
    )
    assert not has_metric(record, calibrated)
    known = with_quality(record, calibrated_nll_nats=0.25, coverage_at_5_percent_risk=0.85)
    assert losses_by_epoch(known, calibrated) == {3: 0.25}
    assert losses_by_epoch(known, coverage) == {3: pytest.approx(15.0)}
    assert coverage.write(15.0) == "85.00 %"
    half = with_quality(record, calibrated_nll_nats=None)
    assert not has_metric(half, calibrated)
    assert has_metric(half, coverage)


def test_a_balanced_error_of_epochs_goes_before_that_of_the_quality() -> None:
    balanced = QUALITY_METRICS["balanced_error"]
    record = with_quality(make_record(test_errors=(40.0, 20.0)), balanced_error_percent=21.0)
    assert losses_by_epoch(record, balanced) == {2: 21.0}
    epochs = [
        replace(epoch, balanced_error_percent=value)
        for epoch, value in zip(record.epochs, (41.0, 22.0), strict=True)
    ]
    assert losses_by_epoch(replace(record, epochs=epochs), balanced) == {1: 41.0, 2: 22.0}
