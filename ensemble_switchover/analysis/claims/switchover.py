"""The paper's statements on the switchover of one comparison (section 4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims.claim import (
    NOTHING_BEYOND,
    Claim,
    ClaimAnswer,
    Statement,
    describe_interval,
    judge,
    leave_open,
    not_asked,
    reason_of,
)
from ensemble_switchover.analysis.claims.missing_runs import find_missing_runs
from ensemble_switchover.analysis.decision_rule import INTERVAL_NAMES, MIN_SEEDS
from ensemble_switchover.analysis.difference import difference_interval
from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.analysis.switchover.range import range_switchover
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.analysis.finding import Finding
    from ensemble_switchover.analysis.switchover.error_grid import DesignClassName

GAIN = (1.0, 3.0)
"""Claimed reduction of the test error beyond the threshold, in percentage points."""
CLAIMED_BUDGETS = (1.0e6, 1.5e6)
"""Claimed threshold in parameters, except for Wide ResNets (footnote 2)."""
CLAIMED_K = 4
"""Number of members for which the paper claims this threshold; it rises with k (Figure 4)."""


def check_deq_before_weq(finding: Finding) -> Claim:
    """Check that depth-equivalent ensembles switch over at fewer parameters."""
    statement = Statement(
        "Depth-equivalent ensembles switch over before width-equivalent ones.",
        "section 4",
        finding.comparison.label,
    )
    deq, weq = (range_switchover(finding.thresholds[name]) for name in ("deq", "weq"))
    measured = f"deq: {deq}; weq: {weq}"
    missing = find_missing_runs(finding, "deq", "weq")
    if missing:
        return not_asked(statement, *missing, measured)
    if deq.at <= weq.above:
        reason = "deq is beyond its threshold where weq is worse, or does not exist"
        return Claim(*statement, measured, ClaimAnswer.HOLDS, reason)
    if weq.at <= deq.above:
        reason = "weq is beyond its threshold where deq is worse, or does not exist"
        return Claim(*statement, measured, ClaimAnswer.DOES_NOT_HOLD, reason)
    reason = "the two ranges overlap; more seeds or other budgets could decide"
    return leave_open(statement, reason, measured)


def check_gain(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check how much lower the test error is beyond the threshold after the last epoch.

    The errors of each seed are averaged over the budgets beyond the threshold; the interval is that
    of the difference of the two designs over their seeds.
    """
    statement = Statement(
        f"Beyond the threshold {ensemble_class} has an error 1 to 3 percentage points lower.",
        "section 4",
        finding.comparison.label,
    )
    threshold, grid = finding.thresholds[ensemble_class], finding.grid
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    if threshold.budget is None:
        return leave_open(statement, NOTHING_BEYOND)
    row = len(grid.epochs) - 1
    columns = [c for c, epoch in enumerate(threshold.boundary_epochs) if epoch is not None]
    single, ensemble = (
        _mean_over_budgets([grid.errors(name, column, row) for column in columns])
        for name in ("single", ensemble_class)
    )
    if not single or not ensemble:
        reason = "no seed has every budget beyond the threshold"
        return leave_open(statement, reason)
    interval = difference_interval(single, ensemble, threshold.rule)
    over = count(len(columns), "budget")
    if interval is None:
        gain = sample_mean(list(single.values())) - sample_mean(list(ensemble.values()))
        fewest = min(len(single), len(ensemble))
        measured = f"{gain:.1f} points ({count(fewest, 'seed')}, {over})"
        reason = threshold.rule.why_no_interval
        if fewest < MIN_SEEDS:
            reason = f"fewer than {MIN_SEEDS} seeds have every budget beyond the threshold"
        return leave_open(statement, reason, measured)
    name = INTERVAL_NAMES[threshold.rule.method]
    measured = f"{describe_interval(interval, '.1f', ' points', name)}, {over})"
    answer = judge(interval.lower, interval.upper, *GAIN)
    return Claim(*statement, measured, answer, reason_of(answer, *GAIN, " points"))


def _mean_over_budgets(errors: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return the mean error over the budgets, for every seed that has all of them."""
    seeds = set.intersection(*map(set, errors))
    return {seed: sample_mean([of[seed] for of in errors]) for seed in sorted(seeds)}


def check_threshold_budget(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check that the threshold lies at 1 to 1.5 million parameters.

    The threshold lies above the largest budget that is ruled out, and at most at the budget found.
    """
    statement = Statement(
        f"{ensemble_class} switches over at 1 to 1.5 million parameters (k = {CLAIMED_K}, except "
        "Wide ResNets).",
        "section 4, footnote 2",
        finding.comparison.label,
    )
    found = range_switchover(finding.thresholds[ensemble_class])
    if finding.comparison.setting.family == "wide_resnet":
        reason = "the paper excludes Wide ResNets"
        return not_asked(statement, reason, f"arch=densenet,resnet k={CLAIMED_K}", str(found))
    if finding.comparison.k != CLAIMED_K:
        reason = f"the paper states it for k = {CLAIMED_K}"
        return not_asked(statement, reason, f"k={CLAIMED_K}", str(found))
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    measured = str(found)
    if found.above and not math.isinf(found.at):
        measured = f"above {found.above:,.0f}, at most {found.at:,.0f} parameters"
    answer = judge(found.above + 1, found.at, *CLAIMED_BUDGETS)
    return Claim(*statement, measured, answer, reason_of(answer, *CLAIMED_BUDGETS, " parameters"))


def check_epochs(finding: Finding, ensemble_class: DesignClassName) -> Claim:
    """Check that the threshold is reached after at most half of the epochs at its budget."""
    statement = Statement(
        f"{ensemble_class} switches over no later than half of the training epochs.",
        "section 4",
        finding.comparison.label,
    )
    threshold = finding.thresholds[ensemble_class]
    missing = find_missing_runs(finding, ensemble_class)
    if missing:
        return not_asked(statement, *missing)
    if threshold.epoch is None or threshold.earliest_epoch is None:
        return leave_open(statement, NOTHING_BEYOND)
    last = threshold.epochs[-1]
    epochs = f"epoch {threshold.epoch}"
    if threshold.earliest_epoch < threshold.epoch:
        epochs = f"epoch {threshold.earliest_epoch} to {threshold.epoch}"
    measured = f"{epochs} of {last} at {threshold.budget:,} parameters"
    answer = judge(threshold.earliest_epoch, threshold.epoch, 0, last / 2)
    reason = reason_of(answer, 0, last / 2, " epochs")
    return Claim(*statement, measured, answer, reason)
