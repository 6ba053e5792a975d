"""Ensembles whose times are of another kind than those of their single network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.design_table import tabulate_runs
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.unlike_times import find_unlike_times, note_unlike_times
from tests.factories import make_record, of_timing_pass

if TYPE_CHECKING:
    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.results.record import Record


def _study(*of_passes: str) -> list[Record]:
    """Make runs of two budgets, those of some design classes with times of a timing pass."""
    records = [
        make_record(design_class=name, width=width, seed=seed, peak_device_bytes=10**8)
        for name in ("single", "deq", "weq")
        for width in (12, 16)
        for seed in range(2)
    ]
    return [of_timing_pass(r) if r.design.design_class in of_passes else r for r in records]


def _finding(records: list[Record]) -> Finding:
    (comparison,) = group_comparisons(records)
    return derive_finding(comparison)


def test_times_of_one_kind_compare() -> None:
    for records in (_study(), _study("single", "deq", "weq")):
        assert find_unlike_times(tabulate_runs(records)) == {}
        assert note_unlike_times(tabulate_runs(records)) == []


def test_an_ensemble_without_times_of_its_single_networks_kind_is_told_with_its_budgets() -> None:
    records = _study("deq")
    runs = tabulate_runs(records)
    small, large = sorted({r.budget.parameters for r in records})

    assert find_unlike_times(runs) == {"deq": [small, large]}
    (note,) = note_unlike_times(runs)
    assert "of deq at every budget with those of runs of the single network" in note
    assert note in _finding(records).notes

    single = make_record(width=16, seed=1, name="another", peak_device_bytes=10**8)
    (note,) = note_unlike_times(tabulate_runs([*records, of_timing_pass(single)]))
    assert f"of deq at {small:,} parameters with those" in note


def test_a_statement_on_times_of_two_kinds_is_not_asked_and_says_why() -> None:
    claims = check_claims([_finding(_study("deq"))])
    told = {claim.statement: claim.reason for claim in claims if "timing pass" in claim.reason}

    assert set(told) == {
        "An epoch takes deq about twice as long as the single network.",
        "deq needs less memory to train than the single network.",
    }
    assert set(told.values()) == {
        "no time of deq compares with that of the single network: one's are of the runs "
        "themselves, the other's of a timing pass"
    }
