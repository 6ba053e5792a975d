"""Records of both kinds in one study: times of runs themselves, and of timing passes.

What is reported of the times of one kind is what is reported without the other. Errors are of both.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import Phase, given, settings

from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    device_names,
    list_candidates,
)
from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.condition_group import split_conditions
from ensemble_switchover.analysis.conditions import is_of_timing_pass
from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.explorer.metrics import METRICS, metric_rows
from tests.factories import make_record, of_timing_pass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ensemble_switchover.results.record import Record

SEEDS, WIDTHS = range(2), (12, 16)
QUICK = settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.generate])
"""Records take long to shrink."""
SECONDS = st.floats(0.01, 1000.0)
NAMES = ("single", "deq", "weq")
ERRORS = {"single": (40.0, 20.0, 10.0), "deq": (35.0, 12.0, 8.0), "weq": (30.0, 11.0, 10.0)}


@st.composite
def studies(draw: st.DrawFn) -> tuple[list[Record], list[Record]]:
    """Draw runs with times of their own, and with times of a timing pass.

    Every seed of the single networks has both, so that all targets of errors are the same with
    either. Of every ensemble, either may be missing.
    """
    own, passes = [], []
    for name in NAMES:
        for width in WIDTHS:
            kinds = draw(st.sampled_from(["own", "pass", "both"])) if name != "single" else "both"
            for seed in SEEDS:
                of_run, of_pass = (_draw_record(draw, name, width, seed) for _ in range(2))
                own += [replace(of_run, name=f"{of_run.name}-own")] * (kinds != "pass")
                passes += [of_timing_pass(of_pass, draw(_three_seconds()))] * (kinds != "own")
    return own, passes


def _draw_record(draw: st.DrawFn, name: Any, width: int, seed: int) -> Record:
    return make_record(
        design_class=name,
        width=width,
        seed=seed,
        test_errors=[error + seed for error in ERRORS[name]],
        epoch_seconds=draw(_three_seconds()),
        latencies={128: draw(SECONDS)},
        peak_device_bytes=draw(st.integers(10**7, 10**9)),
    )


def _three_seconds() -> st.SearchStrategy[list[float]]:
    return st.lists(SECONDS, min_size=3, max_size=3)


def _of_kind(frame: pl.DataFrame, *, timing_pass: bool) -> list[dict[str, Any]]:
    rows = frame.to_dicts()
    return [row for row in rows if is_of_timing_pass(row["execution_compared"]) is timing_pass]


@given(studies())
@QUICK
def test_the_times_of_one_kind_are_those_without_the_other(
    study: tuple[list[Record], list[Record]],
) -> None:
    both = tabulate_runs([*study[0], *study[1]])
    for alone, timing_pass in zip(study, (False, True), strict=True):
        runs = tabulate_runs(alone)
        summary = summarise_runs(both)
        assert _of_kind(summary, timing_pass=timing_pass) == summarise_runs(runs).to_dicts()
        assert _drawn(both, timing_pass=timing_pass) == _drawn(runs, timing_pass=timing_pass)
        assert _costs_advised(study[0] + study[1], timing_pass=timing_pass) == _costs_advised(
            alone, timing_pass=timing_pass
        )
        groups = [
            group.runs.drop("left_out")
            for group in split_conditions(both)
            if is_of_timing_pass(group.execution) is timing_pass
        ]
        (group,) = split_conditions(runs)
        assert [found.rows() for found in groups] == [group.runs.drop("left_out").rows()]


@given(studies())
@QUICK
def test_the_papers_statements_on_times_are_judged_on_one_kind(
    study: tuple[list[Record], list[Record]],
) -> None:
    of_both = _measured_times([*study[0], *study[1]])
    apart = [_measured_times(alone) for alone in study]

    for statement, measured in of_both.items():
        assert measured in ["nothing", *(found.get(statement, "nothing") for found in apart)]


def _drawn(runs: pl.DataFrame, *, timing_pass: bool) -> list[Any]:
    """Return the costs that the explorer draws, without what is of errors."""
    kept = [i for i, (_, name, _) in enumerate(METRICS) if "time" in name or "memory" in name]
    return [
        (row["designClass"], row["budget"], row["condition"], [row["values"][i] for i in kept])
        for row in metric_rows(runs)
        if ("timing pass" in row["condition"]) is timing_pass
    ]


def _costs_advised(records: Sequence[Record], *, timing_pass: bool) -> list[dict[str, Any]]:
    designs = collect_designs(records)
    costs = [
        {**asdict(candidate.cost), "device_name": "", "design": candidate.design.label}
        for device in device_names(designs)
        for candidate in list_candidates(designs, device)
        if candidate.cost is not None
    ]
    return [cost for cost in costs if ("timing pass" in cost["condition"]) is timing_pass]


def _measured_times(records: Sequence[Record]) -> dict[str, str]:
    (comparison,) = group_comparisons(records)
    claims = check_claims([derive_finding(comparison)])
    words = ("takes", "reaches the single network's accuracy", "predicts", "memory")
    return {
        claim.statement: claim.measured
        for claim in claims
        if any(word in claim.statement for word in words)
    }
