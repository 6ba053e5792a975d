"""Where every comparison switches over, as rows."""

from __future__ import annotations

from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.analysis.switchover.across_comparisons import (
    switchovers_by_data,
    switchovers_by_k,
    tabulate_switchovers,
)
from tests.factories import make_study, planted_error


def findings() -> list:  # type: ignore[type-arg]
    records = [
        *make_study(planted_error, k=2),
        *make_study(planted_error, k=4, holes=[("weq", i) for i in range(5)]),
        *make_study(lambda *place: planted_error(*place) + 30.0, dataset={"name": "hard"}),
    ]
    return [derive_finding(comparison) for comparison in group_comparisons(records)]


def test_rows_hold_the_range() -> None:
    rows = tabulate_switchovers(findings()).to_dicts()

    assert len(rows) == 5  # weq of k = 4 on digits has nothing to compare
    deq = next(row for row in rows if row["k"] == 2 and row["ensemble_class"] == "deq")
    assert (deq["above_parameters"], deq["earliest_parameters"]) == (143_840, 206_734)
    assert (deq["switchover_parameters"], deq["switchover_epoch"]) == (206_734, 4)
    weq = next(row for row in rows if row["k"] == 2 and row["ensemble_class"] == "weq")
    assert (weq["above_parameters"], weq["switchover_parameters"]) == (366_650, None)


def test_trends_go_along_k_and_along_the_data() -> None:
    switchovers = tabulate_switchovers(findings())

    (by_k,) = switchovers_by_k(switchovers)
    assert by_k["k"].to_list() == [2, 2, 4]
    (by_data,) = switchovers_by_data(switchovers)
    assert by_data["dataset"].to_list() == ["digits", "hard", "hard"]
    complexity = by_data["data_complexity_percent"].to_list()
    assert complexity == sorted(complexity)


def test_data_of_different_recipes_are_no_trend() -> None:
    adam = {"optimizer": {"_target_": "torch.optim.Adam"}}
    records = [
        *make_study(planted_error, k=2),
        *make_study(
            lambda *place: planted_error(*place) + 30.0, dataset={"name": "hard"}, recipe=adam
        ),
    ]
    found = [derive_finding(comparison) for comparison in group_comparisons(records)]

    assert switchovers_by_data(tabulate_switchovers(found)) == []
