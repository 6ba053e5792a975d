"""The tables of runs and designs."""

from __future__ import annotations

import statistics

import polars as pl
import pytest

from ensemble_switchover.analysis.design_table import (
    RUN_FRAME_COLUMNS,
    split_designs,
    summarise_runs,
    tabulate_runs,
)
from ensemble_switchover.reporting.summary_tables import (
    ABSENT,
    show_runs_of_comparison,
    show_summary,
    show_times_to_accuracy,
)
from tests.factories import make_record, make_study, planted_error

GIBIBYTE = 1024**3


def test_a_row_holds_the_run() -> None:
    record = make_record(
        design_class="deq", test_errors=[9.0, 6.0, 5.0, 7.0], epoch_seconds=[50.0, 2.0, 9.0, 3.0]
    )

    row = tabulate_runs([record]).row(0, named=True)

    assert list(row) == list(RUN_FRAME_COLUMNS)
    assert row["budget_parameters"] == 206_734
    assert (row["budget_depth"], row["budget_width"]) == (26, 12)
    assert (row["depth"], row["width"], row["k"]) == (26, 5, 4)
    assert row["parameters"] == 4 * row["member_parameters"]
    assert row["budget_fill"] == pytest.approx(row["parameters"] / 206_734)
    assert row["error_percent"] == 7.0
    assert row["mean_member_error_percent"] == 9.0
    assert row["epoch_seconds"] == statistics.median([2.0, 9.0, 3.0])
    assert row["time_to_accuracy_seconds"] is None


def test_rows_are_in_order_of_budget_class_and_seed() -> None:
    runs = tabulate_runs(make_study(planted_error)[::-1])

    first = runs.head(9)
    assert first["design_class"].to_list() == ["single"] * 3 + ["deq"] * 3 + ["weq"] * 3
    assert first["seed"].to_list() == [0, 1, 2] * 3
    assert runs["budget_parameters"].is_sorted()


def test_the_summary_is_over_the_seeds() -> None:
    records = [make_record(seed=seed, test_errors=[9.0, 2.0 + seed**2]) for seed in range(3)]

    (row,) = summarise_runs(tabulate_runs(records)).to_dicts()

    assert row["num_seeds"] == 3
    assert row["error_percent_mean"] == pytest.approx(statistics.mean([2, 3, 6]))
    assert row["error_percent_std"] == pytest.approx(statistics.stdev([2, 3, 6]))


def test_an_error_that_is_no_number_is_in_no_mean() -> None:
    records = [
        make_record(seed=seed, test_errors=[9.0, last])
        for seed, last in enumerate((2.0, 4.0, float("nan")))
    ]

    (row,) = summarise_runs(tabulate_runs(records)).to_dicts()

    assert row["error_percent_mean"] == 3.0
    assert row["error_percent_std"] == pytest.approx(statistics.stdev([2, 4]))


def test_one_seed_has_no_spread() -> None:
    summary = summarise_runs(tabulate_runs([make_record()]))

    spreads = [column for column in summary.columns if column.endswith("_std")]
    assert spreads
    assert all(summary[column][0] is None for column in spreads)
    assert "±" not in show_summary(summary, "test error").rows[0][5]


def test_an_only_epoch_has_no_seconds() -> None:
    summary = summarise_runs(tabulate_runs([make_record(test_errors=[9.0])]))

    assert summary["epoch_seconds_mean"][0] is None
    shown = show_summary(summary, "test error")
    assert shown.rows[0][shown.headers.index("Training, s/epoch")] == ABSENT


def test_errors_without_collapsed_runs_say_so_and_others_do_not() -> None:
    records = [make_record(seed=seed, test_errors=[9.0, 5.0 + seed]) for seed in range(4)]
    collapsed = frozenset({(records[3].study, records[3].name)})

    without, with_all = (
        summarise_runs(tabulate_runs(records, left_out)) for left_out in (collapsed, frozenset())
    )

    told = ", without collapsed runs"
    for show in (show_summary, show_times_to_accuracy):
        assert told in show(without, "test error").caption
        assert told not in show(with_all, "test error").caption


@pytest.mark.parametrize(
    "condition",
    [
        {"device": "cuda"},
        {"device_name": "Other CPU"},
        {"execution": "stacked"},
        {"concurrent_jobs": 1},
        {"num_threads": 2},
        {"compiled": True},
    ],
)
def test_different_conditions_are_never_averaged(condition: dict[str, object]) -> None:
    records = [
        make_record(seed=0, test_errors=[9.0, 5.0], epoch_seconds=[9.0, 1.0]),
        make_record(
            seed=1, test_errors=[9.0, 5.0], epoch_seconds=[9.0, 3.0], environment=condition
        ),
    ]

    summary = summarise_runs(tabulate_runs(records))

    assert sorted(summary["epoch_seconds_mean"].to_list()) == [1.0, 3.0]
    assert summary["num_seeds"].to_list() == [1, 1]
    assert split_designs(summary) == 1
    assert show_summary(summary, "test error").headers[-1] == "Condition"


def test_another_precision_is_another_row() -> None:
    records = [make_record(), make_record(seed=1, environment={"precision": "bfloat16"})]

    assert summarise_runs(tabulate_runs(records)).height == 2


def test_two_runs_of_one_seed_count_once() -> None:
    records = [
        make_record(seed=0, test_errors=[10.0], study="a"),
        make_record(seed=0, test_errors=[10.0], study="b"),
        make_record(seed=1, test_errors=[40.0]),
    ]

    (row,) = summarise_runs(tabulate_runs(records)).to_dicts()

    assert (row["num_seeds"], row["num_runs"]) == (2, 3)
    assert row["error_percent_mean"] == pytest.approx(25.0)


def test_latency_is_at_batch_size_128_or_the_largest() -> None:
    runs = tabulate_runs(
        [
            make_record(latencies={1: 3.0, 128: 0.5, 1024: 0.25}),
            make_record(seed=1, latencies={1: 3.0, 32: 1.0}),
            make_record(seed=2, latencies={}),
        ]
    )

    assert runs["latency_batch_size"].to_list() == [128, 32, None]
    assert runs["latency_ms_per_image"].to_list() == [0.5, 1.0, None]
    headers = show_summary(summarise_runs(runs), "test error").headers
    assert "Latency, ms/image (batch 32)" in headers
    assert "Latency, ms/image (batch 128)" in headers


def test_memory_of_a_device_and_of_a_process_are_different_columns() -> None:
    records = [
        make_record(peak_device_bytes=3 * GIBIBYTE, peak_rss_bytes=7 * GIBIBYTE),
        make_record(design_class="deq", peak_rss_bytes=2 * GIBIBYTE),
        make_record(design_class="weq", peak_rss_bytes=None),
    ]

    summary = summarise_runs(tabulate_runs(records))
    shown = show_summary(summary, "test error")

    assert summary["memory_kind"].to_list() == ["device allocator", "process resident", None]
    assert summary["peak_device_bytes"].to_list() == [3 * GIBIBYTE, None, None]
    device = shown.headers.index("Peak device memory, MiB")
    process = shown.headers.index("Peak process memory (resident), MiB")
    assert [row[device] for row in shown.rows] == ["3,072", ABSENT, ABSENT]
    assert [row[process] for row in shown.rows] == ["7,168", "2,048", ABSENT]


def test_time_to_accuracy_has_a_mean_only_if_every_seed_gets_there() -> None:
    records = [
        *(make_record(seed=s, test_errors=[30.0, lowest]) for s, lowest in enumerate((10.0, 8.0))),
        *(make_record(design_class="deq", seed=s, test_errors=[30.0, 8.5]) for s in (0, 1)),
        *(make_record(design_class="weq", seed=s, test_errors=[9.0, 8.0]) for s in (0, 1)),
    ]

    summary = summarise_runs(tabulate_runs(records))

    assert summary["time_to_accuracy_seconds_mean"].to_list() == [2.0, None, 6.0]
    assert summary["num_seeds_reached"].to_list() == [2, 1, 2]
    assert summary["common_target_error_percent"].to_list() == [9.0] * 3
    assert summary["time_to_common_target_seconds_mean"].to_list() == [2.0, 8.0, 4.0]
    assert summary["num_seeds_reached_common"].to_list() == [2, 2, 2]
    shown = show_times_to_accuracy(summary, "test error")
    assert shown.headers == (
        *("Budget, parameters", "Target, %", "single, s", "deq, s", "weq, s"),
        *("deq / single", "weq / single"),
        *("deq, own seed's target, s", "weq, own seed's target, s"),
    )
    assert shown.rows == (
        (
            *("206,734 (26x12)", "9.00", "2.00 ± 0.00", "8.00 ± 0.00", "4.00 ± 0.00"),
            *("4.00", "2.00", "1 of 2 seeds", "6.00 ± 2.83"),
        ),
    )


def test_a_common_target_that_some_seeds_miss_leaves_no_mean() -> None:
    records = [
        *(make_record(seed=seed, test_errors=[30.0, 10.0]) for seed in (0, 1)),
        make_record(design_class="deq", seed=0, test_errors=[30.0, 9.0]),
        make_record(design_class="deq", seed=1, test_errors=[30.0, 11.0]),
    ]

    summary = summarise_runs(tabulate_runs(records))

    assert summary["time_to_common_target_seconds_mean"].to_list() == [2.0, None]
    assert summary["num_seeds_reached_common"].to_list() == [2, 1]
    (row,) = show_times_to_accuracy(summary, "test error").rows
    assert row[3:5] == ("1 of 2 seeds", ABSENT)


def test_the_summary_of_an_empty_selection_is_empty() -> None:
    runs = tabulate_runs([make_record()]).filter(pl.col("seed") > 5)

    assert summarise_runs(runs).height == 0


def test_runs_are_listed_by_name() -> None:
    shown = show_runs_of_comparison(tabulate_runs([make_record(name="<script>")]), "test error")

    assert shown.headers[-1] == "Run"
    assert shown.rows[0][-1] == "<script>"
