"""What answers in each design, and its cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from ensemble_switchover.analysis.cascade.cascade_table import tabulate_cascades
from ensemble_switchover.analysis.cascade.inference_answers import (
    list_answers,
    mark_front,
    summarise_answers,
)
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.analysis.statistics import t_interval
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.record import Record


def _study() -> list[Record]:
    records = []
    for seed in (0, 1, 2):
        for name, error in (("single", 6.0), ("deq", 5.0), ("weq", 4.0)):
            record = make_record(
                design_class=name,  # type: ignore[arg-type]
                seed=seed,
                test_errors=(50.0, error + 0.1 * seed),
                latencies={128: 1.0 if name == "single" else 3.0},
                name=f"{name}-{seed}",
            )
            if name != "single":
                beside = replace(record.latencies[0], model="single", median_ms_per_image=1.5)
                record = replace(record, latencies=[*record.latencies, beside])
            records.append(with_cascades(record, 1.2 + 0.1 * seed, more_points=0.1 * seed))
    return records


def _answers(records: list[Record], folder: Path) -> pl.DataFrame:
    folders = {(record.study, record.name): folder for record in records}
    return list_answers(tabulate_runs(records), tabulate_cascades(records, folders).table)


def test_costs_are_members_asked_times_those_of_a_member(tmp_path: Path) -> None:
    records = _study()
    rows = _answers(records, tmp_path).to_dicts()
    assert len(rows) == 3 * (1 + 3 + 3)
    found = {(row["name"], row["answered_by"]): row for row in rows}
    deq = next(record for record in records if record.name == "deq-2")
    flops = deq.design.member_flops
    assert found["deq-2", "whole"]["flops_per_image"] == 4 * flops
    assert found["deq-2", "confidence"]["flops_per_image"] == pytest.approx(1.4 * flops)
    assert found["deq-2", "whole"]["ms_per_image"] == pytest.approx(3.0)
    assert found["deq-2", "margin"]["ms_per_image"] == pytest.approx(1.4 * 3.0 / 4)
    assert found["deq-2", "margin"]["ms_to_single"] == pytest.approx(1.4 * 3.0 / 4 / 1.5)
    assert found["deq-2", "margin"]["points_from_whole"] == pytest.approx(0.2)
    assert found["deq-2", "whole"]["points_from_whole"] is None
    assert found["single-2", "whole"]["mean_members"] == 1.0
    assert found["single-2", "whole"]["ms_to_single"] is None


def test_intervals_are_those_of_the_seeds(tmp_path: Path) -> None:
    summary = summarise_answers(_answers(_study(), tmp_path))
    answered = summary.select("design_class", "answered_by").rows()
    assert answered == [
        ("single", "whole"),
        *(("deq", each) for each in ("whole", "confidence", "margin")),
        *(("weq", each) for each in ("whole", "confidence", "margin")),
    ]
    row = summary.row(2, named=True)
    expected = t_interval([1.2, 1.3, 1.4])
    assert expected is not None
    assert row["mean_members_mean"] == pytest.approx(expected.mean)
    assert row["mean_members_lower"] == pytest.approx(expected.lower)
    assert row["mean_members_upper"] == pytest.approx(expected.upper)
    assert row["num_seeds"] == 3
    assert (row["least_error_percent"], row["most_error_percent"]) == pytest.approx((5.0, 5.5))
    points = t_interval([0.0, 0.1, 0.2])
    assert points is not None
    assert points.lower < 0.0  # differences may be below 0, where the others may not
    assert row["points_from_whole_lower"] == pytest.approx(points.lower)


def test_no_interval_has_fewer_members_than_one(tmp_path: Path) -> None:
    answers = _answers(_study(), tmp_path).with_columns(
        mean_members=pl.when(pl.col("answered_by") == "confidence").then(
            pl.col("seed").replace_strict({0: 1.0, 1: 1.0, 2: 1.1}, return_dtype=pl.Float64)
        )
    )
    row = summarise_answers(answers).row(2, named=True)
    expected = t_interval([1.0, 1.0, 1.1])
    assert expected is not None
    assert expected.lower < 1.0
    assert row["mean_members_lower"] == 1.0
    assert row["mean_members_upper"] == pytest.approx(expected.upper)


def test_the_front_is_over_all_that_answers(tmp_path: Path) -> None:
    front = mark_front(summarise_answers(_answers(_study(), tmp_path)), "ms_per_image")
    named = front.select("design_class", "answered_by", "on_front").rows()
    # the weq cascades are the cheapest and err less than all but all members of weq
    assert named[0][:2] == ("weq", "confidence") or named[0][0] == "deq"
    on_front = {(name, by) for name, by, is_on in named if is_on}
    assert ("weq", "whole") in on_front
    assert ("single", "whole") not in on_front


def test_runs_that_are_left_out_of_errors_are_in_no_row(tmp_path: Path) -> None:
    records = _study()
    runs = tabulate_runs(records, {("demo", "deq-1")})
    folders = {(record.study, record.name): tmp_path for record in records}
    answers = list_answers(runs, tabulate_cascades(records, folders).table)
    assert "deq-1" not in answers["name"].to_list()
    assert "deq-2" in answers["name"].to_list()
