"""The cascades of designs as the page draws them, against plain loops."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.collapse import find_collapsed
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.reporting.explorer.cascade_metrics import drawn_cascades
from ensemble_switchover.reporting.explorer.metrics import METRICS, metric_rows
from tests.analysis.advice.planted_cascades import cascade_latency, planted_runs, with_cascades
from tests.factories import make_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record


def rows_of(records: Sequence[Record]) -> dict[str, dict[str, list[float | None]]]:
    cascades = {(r.study, r.name): r.cascades for r in records if r.cascades}
    runs = tabulate_runs(records, find_collapsed(records))
    rows = metric_rows(runs, drawn_cascades(records, cascades))
    keys = [key for key, _, _ in METRICS]
    return {row["designClass"]: dict(zip(keys, row["values"], strict=True)) for row in rows}


def test_a_cascade_has_its_time_and_error_and_a_single_network_its_own() -> None:
    rows = rows_of(planted_runs())
    times = [4.0 * 1.5 / 4, 4.0 * 2.0 / 4]
    mean, deviation = statistics.mean(times), statistics.stdev(times)
    assert rows["deq"]["cascade"] == pytest.approx([mean, deviation, 2], rel=1e-5)
    assert rows["deq"]["cascadeError"] == pytest.approx(
        [10.5, statistics.stdev([10, 11]), 2], rel=1e-5
    )
    assert rows["deq"]["members"] == pytest.approx(
        [1.75, statistics.stdev([1.5, 2.0]), 2], rel=1e-5
    )
    assert rows["deq"]["error"][0] == 9.5
    assert rows["single"]["cascade"] == rows["single"]["latency"]
    assert rows["single"]["cascadeError"] == rows["single"]["error"]
    assert rows["single"]["members"] == [1.0, 0.0, 2]


def test_a_measured_time_counts_where_there_is_one_at_the_batch_size() -> None:
    records = [
        replace(record, cascade_latencies=[cascade_latency(size, 1.0, 2.0)])
        if record.cascades
        else record
        for record, size in zip(planted_runs(), (1, 128, 128, 1), strict=True)
    ]
    times = [4.0 * 0.5, 4.0 * 2.0 / 4]  # measured, and at another batch size
    assert rows_of(records)["deq"]["cascade"][0] == pytest.approx(statistics.mean(times))


def test_collapsed_runs_and_runs_without_cascades_are_in_no_error() -> None:
    errors = (9.0, 9.1, 9.2, 60.0, 8.9)
    records = [
        with_cascades(
            make_record(design_class="deq", seed=seed, test_errors=[error], latencies={128: 1.0}),
            error=error,
        )
        for seed, error in enumerate(errors)
    ]
    records[0] = replace(records[0], cascades=[])
    row = rows_of(records)["deq"]
    assert row["cascadeError"][0] == pytest.approx(statistics.mean([9.1, 9.2, 8.9]), rel=1e-5)
    assert row["cascade"][2] == 4


def test_without_any_cascade_nothing_is_offered() -> None:
    records = [replace(record, cascades=[]) for record in planted_runs()]
    for row in rows_of(records).values():
        assert row["cascade"] == row["cascadeError"] == row["members"] == [None, None, 0]
