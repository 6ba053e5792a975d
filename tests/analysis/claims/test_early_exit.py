"""The statement on early exit, with planted cascades."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.claims.early_exit import (
    check_early_exit_operations,
    check_early_exit_time,
)
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import Finding, derive_finding
from tests.analysis.cascade.planted_cascades import with_cascades, with_served
from tests.analysis.claims.planted import answer, make_records

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.results.record import Record


def _beside_single(record: Record, ratio: float) -> Record:
    """Give an ensemble so many times the milliseconds of the single network beside it."""
    if record.design.k == 1:
        return record
    single = [replace(la, model="single") for la in record.latencies]
    own = [
        replace(la, median_ms_per_image=ratio * la.median_ms_per_image) for la in record.latencies
    ]
    return replace(record, latencies=[*own, *single])


def planted(
    lead: float,
    members: float,
    ratio: float = 3.0,
    *,
    known: bool = True,
    served: Callable[[Record], float | None] = lambda record: None,
) -> Finding:
    """Plant a lead of both classes in points, members asked, and whole ensembles' time."""
    records = make_records(*[lambda column, epoch: lead] * 2, step=0.03)
    records = [_beside_single(record, ratio) for record in records]
    records = [
        record if (times := served(record)) is None else with_served(record, times)
        for record in records
    ]
    if known:
        records = [
            with_cascades(record, members + 0.01 * record.seed, more_points=0.0)
            for record in records
        ]
    folders = {(record.study, record.name): Path("absent") for record in records}
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison, folders=folders)


@pytest.mark.parametrize(
    ("lead", "members", "expected"),
    [
        (2.0, 1.5, "holds"),
        (-2.0, 1.5, "does not hold"),
        (0.08, 1.5, "open"),
    ],
)
def test_in_operations_the_members_asked_decide_beside_the_error(lead, members, expected) -> None:
    claim = check_early_exit_operations(planted(lead, members), "weq")
    assert answer(claim) == expected, claim
    assert "With early exit weq errs less than the single network" in claim.statement
    assert claim.source == "section 5, Figure 7; early exit is not in the paper"
    assert "times (90 % t interval" in claim.measured
    assert "points of error (90 % Welch interval" in claim.measured


@pytest.mark.parametrize(
    ("ratio", "expected"), [(2.0, "holds"), (3.9, "does not hold"), (2.66, "open")]
)
def test_in_time_a_slow_ensemble_does_not_pay(ratio: float, expected: str) -> None:
    """At 1.5 of 4 members a whole ensemble may take up to 4 / 1.5 times the single network."""
    claim = check_early_exit_time(planted(2.0, 1.49, ratio), "deq")
    assert answer(claim) == expected, claim


def test_the_measured_ratio_is_that_of_the_members_asked() -> None:
    claim = check_early_exit_time(planted(2.0, 1.5, ratio=2.0), "deq")
    assert claim.measured.startswith("0.75 times")  # 2 x 1.51 / 4, a little more
    assert "it pays at 4 of 4" in claim.reason


def test_without_predictions_nothing_can_be_said() -> None:
    finding = planted(2.0, 1.5, known=False)
    for check in (check_early_exit_operations, check_early_exit_time):
        claim = check(finding, "deq")
        assert (answer(claim), claim.runs_needed) == ("not asked", "record.predictions=final")


def test_without_times_beside_the_single_network_operations_are_left() -> None:
    finding = planted(2.0, 1.5)
    runs = finding.runs.with_columns(latency_to_single=None)
    claim = check_early_exit_time(replace(finding, runs=runs), "deq")
    assert (answer(claim), claim.runs_needed) == (
        "not asked",
        "measurement.latency_batch_sizes=[1,32,128,1024]",
    )
    assert answer(check_early_exit_operations(replace(finding, runs=runs), "deq")) == "holds"


def test_the_statement_stands_beside_that_on_inference_time() -> None:
    statements = [claim.statement for claim in check_claims([planted(2.0, 1.5)])]
    place = statements.index("weq predicts about as fast as the single network.")
    assert [text[:15] for text in statements[place + 1 : place + 5]] == ["With early exit"] * 4


def test_one_seed_leaves_it_open_however_slow_it_is() -> None:
    finding = planted(2.0, 1.5, ratio=3.9)
    runs = finding.runs.filter(finding.runs["seed"] == 0)
    claim = check_early_exit_time(replace(finding, runs=runs), "deq")
    assert answer(claim) == "open"
    assert claim.reason == "one seed gives no interval; it pays at 0 of 4"


def test_seeds_that_lack_a_budget_are_not_averaged_over_others() -> None:
    finding = planted(2.0, 1.5)
    runs = finding.runs
    smallest = runs["budget_parameters"].min()
    kept = (runs["seed"] == 0) == (runs["budget_parameters"] == smallest)
    claim = check_early_exit_operations(replace(finding, runs=runs.filter(kept)), "deq")
    assert (answer(claim), claim.reason.split(";")[0]) == ("open", "no seed has every budget")


def test_in_time_what_was_measured_of_served_cascades_decides() -> None:
    predicted = check_early_exit_time(planted(2.0, 1.5, 1.2), "weq")
    assert answer(predicted) == "holds"
    assert "predicted by the members asked" in predicted.measured
    slow = planted(2.0, 1.5, 1.2, served=lambda record: 1.3 + 0.01 * record.seed)
    claim = check_early_exit_time(slow, "weq")
    assert answer(claim) == "does not hold"
    assert "1.31 times" in claim.measured
    assert "as served in batches of 128" in claim.measured


def test_where_one_cascade_was_not_measured_all_are_predicted() -> None:
    some = planted(2.0, 1.5, 1.2, served=lambda record: 1.3 if record.seed else None)
    claim = check_early_exit_time(some, "weq")
    assert answer(claim) == "holds"
    assert "predicted by the members asked" in claim.measured
