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
from tests.analysis.cascade.planted_cascades import with_cascades
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("ratios", "errors", "expected"),
    [
        ((0.4, 0.45, 0.5), (2.0, 2.1, 2.2), Payment.PAYS),
        ((0.4, 0.45, 0.5), (4.0, 5.1, 6.2), Payment.UNDECIDED),
        ((0.9, 1.0, 1.1), (2.0, 2.1, 2.2), Payment.UNDECIDED),
        ((1.1, 1.15, 1.2), (2.0, 2.1, 2.2), Payment.DOES_NOT_PAY),
        ((0.4, 0.45, 0.5), (8.0, 8.1, 8.2), Payment.DOES_NOT_PAY),
        ((0.4, 0.45), (2.0, 2.1), Payment.UNDECIDED),  # two seeds give no interval of errors
        ((0.4, 0.4, 0.4), (2.0, 2.1, 2.2), Payment.PAYS),  # all seeds ask as many members
        ((1.4,), (2.0,), Payment.UNDECIDED),  # one seed decides nothing
    ],
)
def test_it_pays_where_both_intervals_say_so(ratios, errors, expected: Payment) -> None:
    one = AgainstSingle(
        budget_parameters=1,
        cost_ratios=dict(enumerate(ratios)),
        errors=dict(enumerate(errors)),
        single_errors=dict(enumerate((5.0, 5.1, 5.2))),
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
    parameters = {r.budget.width: r.budget.parameters for r in records}
    assert [small.budget_parameters, large.budget_parameters] == [parameters[8], parameters[16]]
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
    best = f"{large.budget_parameters:,} parameters ({large.cost_ratio:.2f} times, "
    assert f"it costs less and errs less at {best}{large.points:+.2f} points of error)" in told
    assert f"it does not pay at {small.budget_parameters:,} parameters" in told
