"""What the seconds of a table are of, in words."""

from __future__ import annotations

from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.reporting.summary_tables import (
    show_runs_of_comparison,
    show_summary,
    show_times_to_accuracy,
)
from ensemble_switchover.reporting.times_wording import seconds_of_epochs, training_time
from tests.factories import make_record, of_timing_pass

RUNS = [make_record(seed=seed) for seed in range(2)]
PASSES = [of_timing_pass(record) for record in RUNS]


def test_the_captions_say_what_the_seconds_are_of() -> None:
    words = []
    for records in (RUNS, PASSES, [RUNS[0], PASSES[1]]):
        rows = tabulate_runs(records).to_dicts()
        words.append((training_time(rows), seconds_of_epochs(rows)))

    assert words == [
        (
            "median epoch of a run without its warm-up",
            "The warm-up epoch counts as a median epoch.",
        ),
        (
            "median epoch of a run's timing pass",
            "Every epoch counts as the median epoch of the run's timing pass.",
        ),
        (
            "median epoch of a run without its warm-up, or of its timing pass where its times are "
            "of that",
            "The warm-up epoch counts as a median epoch. Every epoch counts as the median epoch of "
            "the run's timing pass where its times are of that.",
        ),
    ]


def test_tables_of_both_kinds_say_which_row_is_which() -> None:
    runs = tabulate_runs([RUNS[0], PASSES[1]])
    summary = summarise_runs(runs)

    for table in (
        show_summary(summary, "test error"),
        show_times_to_accuracy(summary, "test error"),
    ):
        column = table.headers.index("Condition")
        of_pass = ["times of a timing pass" in row[column] for row in table.rows]
        assert sorted(of_pass) == [False, True]
    listed = show_runs_of_comparison(runs, "test error")
    assert sorted(row[-1] for row in listed.rows) == ["run", "timing pass"]
    assert listed.headers[-1] == "Times of"
    assert "timing pass" in listed.caption


def test_tables_of_one_kind_have_no_column_for_it() -> None:
    for records in (RUNS, PASSES):
        runs = tabulate_runs(records)
        assert "Times of" not in show_runs_of_comparison(runs, "test error").headers
        assert "Condition" not in show_summary(summarise_runs(runs), "test error").headers
