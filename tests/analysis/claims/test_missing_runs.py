"""What would have to be run before a statement can be asked."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.claims.missing_runs import (
    find_missing_runs,
    name_another_dataset,
)
from tests.analysis.claims.planted import find, find_one, from_column, make_records
from tests.factories import make_study, planted_error


def test_nothing_is_missing_where_every_class_has_its_single_network() -> None:
    finding = find_one(from_column(1), from_column(1))

    assert find_missing_runs(finding, "deq", "weq") is None


def test_a_class_that_was_not_run_is_asked_for_by_name() -> None:
    finding = find_one(from_column(1), from_column(1), holes=[("weq", i) for i in range(4)])

    assert find_missing_runs(finding, "deq") is None
    missing = find_missing_runs(finding, "deq", "weq")
    assert missing == ("no weq was run", "design=weq")


def test_a_class_that_cannot_exist_needs_other_budgets() -> None:
    """Networks of depth 26 cannot be split into 16 shallower ones of their width."""
    weq = [("weq", i) for i in range(5)]
    (finding,) = find(make_study(planted_error, k=16, widths=(20, 24, 28, 32, 36), holes=weq))

    missing = find_missing_runs(finding, "weq")

    assert missing is not None
    assert missing.reason == "no weq of 16 members exists at these budgets"
    assert missing.needed.startswith("deeper single networks")


def test_classes_at_different_budgets_have_nothing_to_compare() -> None:
    records = make_records(from_column(1), from_column(1))
    widths = {"single": {8, 10}, "deq": {12, 14}, "weq": {8, 10, 12, 14}}
    (finding,) = find([r for r in records if r.budget.width in widths[r.design.design_class]])

    missing = find_missing_runs(finding, "deq")

    assert missing is not None
    assert missing.needed == "both at the same budgets (design=single,deq)"


def test_ensembles_alone_need_single_networks() -> None:
    records = make_records(from_column(1), from_column(1))
    (finding,) = find([r for r in records if r.design.design_class != "single"])

    missing = find_missing_runs(finding, "deq")

    assert missing == ("no single network was run", "the single networks (design=single)")


def test_the_other_data_set_is_one_that_was_not_run() -> None:
    records = [
        replace(record, dataset=replace(record.dataset, name=name))
        for name in ("cifar10", "svhn")
        for record in make_records(from_column(1), from_column(1))
    ]

    assert name_another_dataset(find(records)) == "dataset=cifar100"
