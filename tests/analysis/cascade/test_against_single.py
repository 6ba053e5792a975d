"""Whether a cascade pays at a budget, with planted costs and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.cascade.against_single import (
    AgainstSingle,
    Payment,
    compare_with_single,
    describe_payment,
)
from ensemble_switchover.analysis.cascade.cascade_table import tabulate_cascades
from ensemble_switchover.analysis.cascade.inference_answers import list_answers
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.statistics import Interval
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


def _interval(lower: float, upper: float) -> Interval:
    return Interval((lower + upper) / 2.0, lower, upper, 0.9, 3)


@pytest.mark.parametrize(
    ("cost", "points", "expected"),
    [
        ((0.4, 0.5), (-1.0, -0.1), Payment.PAYS),
        ((0.4, 0.5), (-1.0, 0.1), Payment.UNDECIDED),
        ((0.9, 1.1), (-1.0, -0.1), Payment.UNDECIDED),
        ((1.0, 1.1), (-1.0, -0.1), Payment.DOES_NOT_PAY),
        ((0.4, 0.5), (0.1, 1.0), Payment.DOES_NOT_PAY),
        ((0.4, 0.5), None, Payment.UNDECIDED),
        (None, (-1.0, -0.1), Payment.PAYS),  # all seeds ask the same number of members
    ],
)
def test_it_pays_where_both_intervals_say_so(cost, points, expected: Payment) -> None:
    one = AgainstSingle(
        budget_parameters=1,
        budget="26x8",
        cost_ratio=0.5 if cost is None else sum(cost) / 2,
        cost_interval=None if cost is None else _interval(*cost),
        points=0.0,
        points_interval=None if points is None else _interval(*points),
    )
    assert one.payment is expected


def test_each_budget_is_compared_with_its_own_single_networks(tmp_path: Path) -> None:
    records = [
        with_cascades(
            make_record(
                design_class=name,
                width=width,
                seed=seed,
                test_errors=(error + 0.2 * seed * (1 + (name == "deq")),),
                name=f"{name}-{width}-{seed}",
            ),
            1.5 + 0.1 * seed,
            more_points=0.0,
        )
        for width, single, deq in ((8, 5.0, 9.0), (16, 5.0, 2.0))
        for name, error in (("single", single), ("deq", deq))
        for seed in (0, 1, 2)
    ]
    folders = {(record.study, record.name): tmp_path for record in records}
    answers = list_answers(tabulate_runs(records), tabulate_cascades(records, folders).table)
    small, large = compare_with_single(answers, "deq", "flops_per_image")
    assert [small.budget, large.budget] == ["26x8", "26x16"]
    flops = {r.name: r.design.member_flops for r in records}
    assert small.cost_ratio == pytest.approx(1.6 * flops["deq-8-0"] / flops["single-8-0"])
    expected = difference_interval({0: 9.0, 1: 9.4, 2: 9.8}, {0: 5.0, 1: 5.2, 2: 5.4})
    assert expected is not None
    assert small.points_interval is not None
    assert small.points_interval.lower == pytest.approx(expected.lower)
    assert (small.payment, large.payment) == (Payment.DOES_NOT_PAY, Payment.PAYS)
    assert compare_with_single(answers, "weq", "flops_per_image") == []
    told = describe_payment("deq", [small, large], "operations")
    assert told.startswith("With early exit deq costs ")
    assert f"it costs less and errs less at {large.budget_parameters:,} parameters" in told
    assert f"it does not pay at {small.budget_parameters:,} parameters" in told
