"""Studies at random, and what may be asked of them."""

from __future__ import annotations

import itertools
import random
import statistics
from typing import TYPE_CHECKING, Any

from scipy import stats

from ensemble_switchover.analysis.advice.limits import Limits
from ensemble_switchover.analysis.advice.rule import (
    Advice,
    advise,
)
from ensemble_switchover.analysis.advice.trained_designs import (
    collect_designs,
    list_candidates,
    most_used_device,
)
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from tests.factories import make_record, make_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule
    from ensemble_switchover.results.record import Record


MEBIBYTE = 1024**2

FALLEN = (5.0, 5.2, 5.1, 60.0, 4.7)
"""Errors of five seeds, of which the fourth collapsed."""

LIMITS: list[dict[str, Any]] = [
    {},
    {"parameters": 250_000},
    {"epochs": 3},
    {"hours": 8.0 / 3600},
    {"latency_ms": 0.5},
    {"fastest_latency_ms": 0.4},
    {"latency_ms": 0.9, "fastest_latency_ms": 0.3},
    {"memory_bytes": 390 * MEBIBYTE},
    {"accuracy_percent": 89.0},
    {"parameters": 300_000, "hours": 12.0 / 3600, "latency_ms": 0.8, "epochs": 5},
    {"parameters": 300_000, "accuracy_percent": 91.5, "memory_bytes": 395 * MEBIBYTE},
]

IMPOSSIBLE: list[dict[str, Any]] = [
    {"latency_ms": 0.01},
    {"fastest_latency_ms": 0.01},
    {"hours": 0.01 / 3600},
    {"memory_bytes": 10 * MEBIBYTE, "parameters": 300_000},
    {"accuracy_percent": 99.0},
    {"accuracy_percent": 90.0, "epochs": 1},
    {"accuracy_percent": 90.0, "hours": 1.6 / 3600},
    {"parameters": 10, "latency_ms": 0.01},
    {"parameters": 10, "latency_ms": 0.01, "hours": 0.001 / 3600},
]
"""What no design of such a study fits."""


def noisy_study(seed: int) -> list[Record]:
    """Make a study with errors, seconds and milliseconds drawn at random."""
    draw = random.Random(seed)
    levels = {
        place: draw.uniform(4.0, 12.0)
        for place in itertools.product(("single", "deq", "weq"), range(5))
    }
    records = []
    for record in make_study(
        lambda name, i, epoch, s: levels[name, i] + 20.0 / epoch + draw.gauss(0.0, 0.4),
        seeds=range(draw.choice((1, 2, 4))),
        latencies={128: 1.0},
    ):
        design = record.design
        records.append(
            make_record(
                design_class=design.design_class,
                width=record.budget.width,
                seed=record.seed,
                test_errors=[epoch.error_percent for epoch in record.epochs],
                epoch_seconds=[draw.uniform(0.5, 1.5) * design.k for _ in record.epochs],
                latencies={128: (one_by_one := draw.uniform(0.1, 0.3) * design.k)},
                fused_latencies={128: one_by_one * draw.uniform(0.4, 1.0)},
                peak_rss_bytes=draw.randrange(200, 400) * MEBIBYTE,
            )
        )
    return records


def advise_from(
    records: Sequence[Record],
    rule: DecisionRule = DEFAULT_RULE,
    margin: float | None = None,
    **limits: Any,
) -> Advice:
    designs = collect_designs(records, rule.keep_collapsed)
    candidates = list_candidates(designs, most_used_device(designs))
    return advise(candidates, Limits(**limits), rule, margin)


def runs_of(records: Iterable[Record]) -> dict[tuple[int, int, int], list[Record]]:
    """Put the runs of one network and k together."""
    runs: dict[tuple[int, int, int], list[Record]] = {}
    for record in records:
        key = (record.design.k, record.design.depth, record.design.width)
        runs.setdefault(key, []).append(record)
    return runs


def seconds_after(record: Record, epoch: int) -> float:
    steady = statistics.median(e.training_seconds for e in record.epochs[1:])
    return steady + sum(e.training_seconds for e in record.epochs[1:epoch])


def is_worse(theirs: Sequence[float], ours: Sequence[float], rule: DecisionRule) -> bool:
    """Tell by scipy's tests whether errors are shown to be higher; both lists in order of seed."""
    if len(theirs) < 3:
        return False
    level = (1.0 - rule.confidence) / 2.0
    if rule.method == "welch":
        test = stats.ttest_ind(theirs, ours, equal_var=False, alternative="greater")
    elif rule.method == "paired_t":
        test = stats.ttest_rel(theirs, ours, alternative="greater")
    else:
        test = stats.mannwhitneyu(theirs, ours, alternative="greater", method="exact")
        return bool(test.pvalue <= level + 1e-9)
    return bool(test.pvalue < level)


def search(
    records: Sequence[Record], limits: dict[str, Any], rule: DecisionRule = DEFAULT_RULE
) -> dict[str, Any] | None:
    """Try every design, plainly; one run a seed, errors that are numbers, all times measured."""
    found = []
    for key, runs in runs_of(records).items():
        epoch = 0
        for last in range(1, 7):
            hours = statistics.fmean(seconds_after(run, last) for run in runs) / 3600
            if last <= limits.get("epochs", 99) and hours <= limits.get("hours", 99):
                epoch = last
        if epoch == 0:
            continue
        errors = {run.seed: run.epochs[epoch - 1].error_percent for run in runs}
        mean = statistics.fmean(errors.values())
        latency = statistics.fmean(run.latencies[0].median_ms_per_image for run in runs)
        fastest = statistics.fmean(run.latencies[1].median_ms_per_image for run in runs)
        memory = max(e.peak_rss_bytes or 0 for run in runs for e in run.epochs)
        if (
            runs[0].design.parameters <= limits.get("parameters", 1e99)
            and memory <= limits.get("memory_bytes", 1e99)
            and latency <= limits.get("latency_ms", 1e99)
            and fastest <= limits.get("fastest_latency_ms", 1e99)
            and 100 - mean >= limits.get("accuracy_percent", 0)
        ):
            found.append((mean, key, epoch, errors))
    if not found:
        return None
    mean, key, epoch, best = min(found, key=lambda entry: entry[0])
    rivals = set()
    for _, other, _, errors in found:
        if other == key:
            continue
        if not is_worse([errors[seed] for seed in best], list(best.values()), rule):
            rivals.add(other)
    return {
        "key": key,
        "epoch": epoch,
        "mean": mean,
        "errors": best,
        "rivals": rivals,
        "num_feasible": len(found),
    }
