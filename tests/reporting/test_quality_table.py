"""The table of quality beyond error, and the sentences on more members."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import Finding, derive_finding
from ensemble_switchover.analysis.more_members import CAVEAT
from ensemble_switchover.machine.terminal import ABSENT
from ensemble_switchover.reporting.quality_table import say_more_members, show_quality
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.predictions import Predictions
from tests.factories import make_record


def _finding(known: tuple[str, ...] = ("single", "deq")) -> tuple[Finding, dict[str, list[float]]]:
    records, coverages = [], {"single": [], "deq": []}  # type: ignore[var-annotated]
    for seed in (0, 1):
        for name, k in (("single", 1), ("deq", 4)):
            record = make_record(design_class=name, seed=seed, k=k)  # type: ignore[arg-type]
            if name in known:
                generator = np.random.default_rng([seed, k])
                labels = generator.integers(0, 3, 200)
                noise = 0.6 * generator.dirichlet(np.ones(3), (k, 200))
                probabilities = 0.4 * np.eye(3)[labels] + noise
                quality = measure_quality(Predictions.of_probabilities(probabilities, labels))
                coverages[name].append(100 * quality.coverage_at_5_percent_risk)
                record = replace(record, quality=quality)
            records.append(record)
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison), coverages


def test_every_design_has_a_row_with_mean_and_spread() -> None:
    finding, coverages = _finding()
    table = show_quality(finding)
    assert table is not None
    rows = [dict(zip(table.headers, row, strict=True)) for row in table.rows]
    assert [(row["Class"], row["k"], row["Seeds"]) for row in rows] == [
        ("single", "1", "2"),
        ("deq", "4", "2"),
    ]
    for row in rows:
        values = coverages[row["Class"]]
        expected = f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}"
        assert row["Coverage at 5 % risk, %"] == expected
    assert rows[0]["EIR"] == rows[0]["DER"] == ABSENT
    assert rows[1]["EIR"] != ABSENT
    assert "Without" not in table.caption


def test_runs_without_predictions_are_counted() -> None:
    finding, _ = _finding(known=("single",))
    table = show_quality(finding)
    assert table is not None
    assert len(table.rows) == 1
    assert table.caption.endswith("Without 2 runs that kept no predictions.")
    assert say_more_members(finding) == ()
    nothing, _ = _finding(known=())
    assert show_quality(nothing) is None


def test_it_is_said_of_every_class_whether_more_members_would_help() -> None:
    finding, _ = _finding()
    *sentences, caveat = say_more_members(finding)
    assert caveat == CAVEAT
    (sentence,) = sentences
    assert sentence.startswith("Would more members help deq with k = 4 at ")


@pytest.mark.parametrize("bins", ["apart", "closed"])
def test_a_doubtful_ece_is_told(bins: str) -> None:
    records = [
        replace(record, epochs=[replace(e, ece_bins=bins, nll_nats=1.0) for e in record.epochs])
        for record in (make_record(), make_record(design_class="deq"))
    ]
    (comparison,) = group_comparisons(records)
    told = [note for note in derive_finding(comparison).notes if "ECE" in note]
    assert len(told) == (bins == "apart")
    if told:
        assert told[0].startswith("The ECE of 2 of 2 runs may be too high, by 0.0")


def test_a_collapsed_run_says_nothing_of_more_members() -> None:
    finding, _ = _finding()
    assert say_more_members(finding)
    runs = finding.runs.with_columns(left_out=pl.col("design_class") == "deq")
    assert say_more_members(replace(finding, runs=runs)) == ()
