"""The numbers behind the figures."""

from __future__ import annotations

import statistics

import pytest

from ensemble_switchover.analysis import series
from ensemble_switchover.analysis.design_table import summarise_errors, tabulate_runs
from ensemble_switchover.errors import RecordError
from tests.factories import make_record

GPU = {"device": "cuda", "device_name": "Example GPU"}


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (series.epoch_time_series, "training seconds"),
        (series.accuracy_time_series, "training seconds"),
        (series.training_time_series, "training seconds"),
        (series.layer_time_series, "layers' times"),
        (series.latency_series, "inference times"),
        (series.memory_series, "bytes"),
    ],
)
@pytest.mark.parametrize(
    "odd", [GPU, {"execution": "fused"}, {"precision": "bf16-mixed"}, {"num_threads": 8}]
)
def test_costs_of_different_conditions_are_refused(make, what: str, odd: dict[str, object]) -> None:  # type: ignore[no-untyped-def]
    runs = tabulate_runs(
        [
            *(make_record(seed=seed) for seed in range(3)),
            make_record(name="odd one", design_class="deq", environment=odd),
        ]
    )

    with pytest.raises(RecordError, match=rf"{what} under different conditions .*: odd one \("):
        make(runs)
    assert make(runs.filter(runs["name"] != "odd one")).height == 1


def test_errors_of_different_executions_are_joined() -> None:
    records = [
        make_record(seed=0, test_errors=[10.0]),
        make_record(seed=0, test_errors=[12.0], environment={"execution": "fused"}),
        make_record(seed=1, test_errors=[15.0], environment=GPU),
    ]

    (row,) = summarise_errors(tabulate_runs(records)).to_dicts()

    assert row["num_seeds"] == 2
    assert row["error_percent_mean"] == pytest.approx(statistics.mean([11.0, 15.0]))
    assert row["error_percent_std"] == pytest.approx(statistics.stdev([11.0, 15.0]))


def test_a_value_that_is_no_number_is_left_out() -> None:
    records = [
        make_record(seed=seed, test_errors=[value])
        for seed, value in enumerate((10.0, float("nan")))
    ]

    (row,) = summarise_errors(tabulate_runs(records)).to_dicts()

    assert (row["error_percent_mean"], row["num_seeds"]) == (10.0, 1)
    assert row["error_percent_std"] is None


def test_seeds_are_those_whose_error_is_in_the_mean() -> None:
    records = [make_record(seed=s, test_errors=[e]) for s, e in enumerate((10.0, 12.0, 90.0))]
    left_out = {(records[2].study, records[2].name)}

    (row,) = summarise_errors(tabulate_runs(records, left_out)).to_dicts()

    assert (row["error_percent_mean"], row["num_seeds"]) == (11.0, 2)


def test_a_trade_off_marks_the_front() -> None:
    runs = tabulate_runs(
        [
            make_record(width=8, test_errors=[9.0], epoch_seconds=[1.0]),
            make_record(width=12, test_errors=[9.5], epoch_seconds=[2.0]),
            make_record(width=16, test_errors=[4.0], epoch_seconds=[3.0]),
        ]
    )

    both = series.trade_off_series(
        series.training_time_series(runs), "steady_training_seconds_mean", runs
    )

    assert both["budget_width"].to_list() == [8, 12, 16]
    assert both["on_front"].to_list() == [True, False, True]


def test_a_trade_off_leaves_out_an_error_that_is_no_number() -> None:
    runs = tabulate_runs(
        [make_record(width=8, test_errors=[float("nan")]), make_record(width=12, test_errors=[9.0])]
    )

    both = series.trade_off_series(
        series.training_time_series(runs), "steady_training_seconds_mean", runs
    )

    assert both["budget_width"].to_list() == [12]


@pytest.mark.parametrize(
    "draw",
    [
        series.epoch_time_series,
        series.layer_time_series,
        series.accuracy_time_series,
        series.training_time_series,
    ],
)
def test_seconds_are_one_row_a_design_whatever_else_was_measured(draw) -> None:  # type: ignore[no-untyped-def]
    """Half of the seeds have no latency, and so another `latency_batch_size`."""
    records = [
        make_record(design_class=name, seed=seed, latencies={} if seed % 2 else None)  # type: ignore[arg-type]
        for name in ("single", "deq")
        for seed in range(4)
    ]

    rows = draw(tabulate_runs(records))

    assert rows["design_class"].to_list() == ["single", "deq"]
    assert rows["num_seeds"].to_list() == [4, 4]
