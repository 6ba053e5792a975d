"""Simulate studies with a known switchover: how often each rule finds it, and how often falsely.

`python -m benchmarks.power` prints the tables of docs/statistics.md; the same arguments give the
same numbers. *Found rightly*: a budget is found, and the ensemble is truly better there and at
every larger one. *False find*: where the ensemble is no better at one budget and far better at all
others, that budget, or a smaller one, is found; the worst over the budget, 5 and 8 budgets, noises
and numbers of seeds. *Holds the truth*: the true switchover lies above the largest budget that is
ruled out, and at most at the one that was found. A range is *bounded* if there are both.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.planted_studies import (
    CROSSING,
    GAINS,
    NOISES,
    Bounds,
    draw_studies,
    find_bounds,
    find_columns,
    planted_differences,
)
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE, DecisionRule
from ensemble_switchover.config.amounts import argument, parse_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.planted_studies import Noise

RULES = {
    "paired t, 95 % (the rule before)": DecisionRule("paired_t", 0.95, keep_collapsed=True),
    "paired t, 90 %": DecisionRule("paired_t", keep_collapsed=True),
    "Welch, 90 %": DecisionRule(keep_collapsed=True),
    "**Welch, 90 %, screened (default)**": DEFAULT_RULE,
    "Mann-Whitney, 90 %, screened": DecisionRule("mann_whitney"),
}
"""Rules to compare; those that keep collapsed runs do not screen."""
SEEDS = (2, 3, 4, 5, 10)
NUM_BUDGETS, OTHER_NUM_BUDGETS = 5, 8
"""Budgets of a study; the other number is for false finds alone."""
RUNS = ((3, 3), (4, 4), (5, 5), (10, 5), (5, 10), (10, 10))
"""Numbers of single networks and of ensembles at every budget, for the second table."""
SMALL_LEAD = 0.1
"""A true lead of the ensemble in percentage points, too small to be shown."""
LOOKS = range(3, 11)
"""Numbers of seeds after which somebody looks who adds seeds until a budget is decided."""
STRICTER_RULE = DecisionRule(confidence=0.97)
MOST_LOOKED_AT = 20_000
"""Studies that are looked at, all at once."""
BATCH = 5_000
"""Studies that are judged at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What a rule makes of many studies of one noise, as shares of the studies."""

    rule: str
    noise: Noise
    num_singles: int
    num_ensembles: int
    gain: str
    found_rightly: float
    holds_truth: float
    bounded: float
    median_width: float
    """Of the bounded ranges, as a ratio of parameters; NaN without any."""
    mean_width: float
    """The geometric mean."""


@dataclass(frozen=True, slots=True)
class FalseFinds:
    """How often a rule decides where both designs are equally good, at every budget."""

    rule: str
    noise: Noise
    num_seeds: int
    for_ensemble: tuple[float, ...]
    """Share of studies for each budget."""
    for_single: tuple[float, ...]

    @property
    def worst(self) -> float:
        return max(self.for_ensemble)


def simulate_bounds(
    rule: DecisionRule,
    noise: Noise,
    num_studies: int,
    num_seeds: tuple[int, int],
    num_budgets: int = NUM_BUDGETS,
) -> Bounds:
    """Return the intervals of many studies in which both designs are equally good.

    Args:
        rule: The rule.
        noise: The noise.
        num_studies: Number of studies.
        num_seeds: Number of single networks, and of ensembles, at every budget.
        num_budgets: Number of budgets.
    """
    parts = [
        find_bounds(
            *draw_studies(noise, min(BATCH, num_studies - begin), num_budgets, *num_seeds, begin),
            rule,
        )
        for begin in range(0, num_studies, BATCH)
    ]
    return Bounds(
        np.concatenate([part.lower for part in parts]),
        np.concatenate([part.upper for part in parts]),
    )


def measure_shares(
    bounds: Bounds, rule: str, noise: Noise, num_seeds: tuple[int, int]
) -> list[Shares]:
    """Judge the studies with every planted gain."""
    num_budgets = bounds.lower.shape[1]
    true_column = int(np.ceil(CROSSING))
    measured = []
    for gain, points in GAINS.items():
        found, earliest = find_columns(bounds, planted_differences(points, num_budgets))
        is_found = found < num_budgets
        bounded = is_found & (earliest > 0)
        widths = 2.0 ** (found - earliest + 1)[bounded]
        measured.append(
            Shares(
                rule=rule,
                noise=noise,
                num_singles=num_seeds[0],
                num_ensembles=num_seeds[1],
                gain=gain,
                found_rightly=float((is_found & (found >= true_column)).mean()),
                holds_truth=float(((earliest <= true_column) & (found >= true_column)).mean()),
                bounded=float(bounded.mean()),
                median_width=float(np.median(widths)) if bounded.any() else float("nan"),
                mean_width=float(np.exp(np.log(widths).mean())) if bounded.any() else float("nan"),
            )
        )
    return measured


def measure_false_finds(bounds: Bounds, rule: str, noise: Noise, num_seeds: int) -> FalseFinds:
    """Count the cells that are decided though both designs are equally good.

    If all other budgets are won by the ensemble for certain, a budget is beyond the switchover
    exactly if its own cell is decided; with any other truth it is found less often.
    """
    for_ensemble = (bounds.upper < 0.0).mean(axis=0)
    for_single = (bounds.lower > 0.0).mean(axis=0)
    return FalseFinds(rule, noise, num_seeds, tuple(for_ensemble), tuple(for_single))


def ruled_out_falsely(bounds: Bounds) -> float:
    """Return the share of studies that rule a budget out though the ensemble leads at each."""
    return float((bounds.lower - SMALL_LEAD > 0.0).any(axis=1).mean())


def found_falsely_by_looking(
    rule: DecisionRule, noise: Noise, num_studies: int, looks: Sequence[int]
) -> float:
    """Return how often a cell is decided for the ensemble at any look, where both are equally good.

    Args:
        rule: The rule.
        noise: The noise.
        num_studies: Number of studies.
        looks: Numbers of seeds, ascending, after each of which the rule judges.
    """
    singles, ensembles = draw_studies(noise, num_studies, NUM_BUDGETS, looks[-1], looks[-1])
    found = np.zeros(singles.shape[:2], dtype=bool)
    for number in looks:
        bounds = find_bounds(singles[..., :number], ensembles[..., :number], rule)
        found |= bounds.upper < 0.0
    return float(found.mean(axis=0).max())


def main() -> None:
    """Print two tables and the limits of the rule, and write every share to a file if asked."""
    parser = argparse.ArgumentParser(prog="benchmarks/power.py", description=__doc__)
    parser.add_argument(
        "--simulations", type=argument(parse_count), default=20_000, help="studies of each kind"
    )
    parser.add_argument("--out", type=Path, help="a JSON file for every share")
    given = parser.parse_args()
    shares: list[Shares] = []
    false_finds: list[FalseFinds] = []
    for name, rule in RULES.items():
        for noise in NOISES:
            for number in SEEDS:
                seeds = number, number
                bounds = simulate_bounds(rule, noise, given.simulations, seeds)
                shares += measure_shares(bounds, name, noise, seeds)
                false_finds.append(measure_false_finds(bounds, name, noise, number))
                bounds = simulate_bounds(rule, noise, given.simulations, seeds, OTHER_NUM_BUDGETS)
                false_finds.append(measure_false_finds(bounds, name, noise, number))
    write_rules(shares, false_finds)
    more = [
        each
        for noise in NOISES
        for seeds in RUNS
        for each in measure_shares(
            simulate_bounds(DEFAULT_RULE, noise, given.simulations, seeds), "default", noise, seeds
        )
    ]
    write_runs(more)
    write_limits(given.simulations)
    if given.out is not None:
        content = {
            "simulations": given.simulations,
            "shares": [asdict(each) for each in [*shares, *more]],
            "false_finds": [asdict(each) for each in false_finds],
        }
        given.out.write_text(json.dumps(content))


def write_rules(shares: Sequence[Shares], false_finds: Sequence[FalseFinds]) -> None:
    """Print one row for each rule; shares are means over noises and gains, where not the worst."""
    columns = (
        "rule",
        f"found rightly with {' / '.join(map(str, SEEDS))} seeds",
        "with collapses, 5 seeds",
        "worst false find",
        "range holds the truth, at least",
        "bounded, 5 seeds",
        "its width: median (mean)",
    )
    print(row_of(columns))
    print(row_of(["---"] * len(columns)))
    for rule in RULES:
        mine = [each for each in shares if each.rule == rule]
        five = [each for each in mine if each.num_singles == 5]
        found = [fmean(s.found_rightly for s in mine if s.num_singles == n) for n in SEEDS]
        collapses = fmean(s.found_rightly for s in five if s.noise == "collapses")
        worst = max(each.worst for each in false_finds if each.rule == rule)
        holds = min(s.holds_truth for s in mine)
        median, mean = fmean(s.median_width for s in five), fmean(s.mean_width for s in five)
        print(
            row_of(
                (
                    rule,
                    " / ".join(share_text(each) for each in found),
                    share_text(collapses),
                    share_text(worst, 3),
                    share_text(holds, 3),
                    share_text(fmean(s.bounded for s in five)),
                    f"{median:.1f}x ({mean:.1f}x)",
                )
            )
        )


def write_runs(shares: Sequence[Shares]) -> None:
    """Print what more runs of either design do for the default, as means over noises."""
    columns = ("single networks", "ensembles", *GAINS, "mean", "bounded")
    print()
    print(row_of(columns))
    print(row_of(["---"] * len(columns)))
    for num_singles, num_ensembles in RUNS:
        mine = [
            s for s in shares if (s.num_singles, s.num_ensembles) == (num_singles, num_ensembles)
        ]
        gains = [fmean(s.found_rightly for s in mine if s.gain == gain) for gain in GAINS]
        numbers = [*gains, fmean(gains), fmean(s.bounded for s in mine)]
        print(row_of([str(num_singles), str(num_ensembles), *map(share_text, numbers)]))


def write_limits(num_studies: int) -> None:
    """Print how often the default errs where it promises no 5 %."""
    wrong = max(
        ruled_out_falsely(simulate_bounds(DEFAULT_RULE, noise, num_studies, (5, 5)))
        for noise in NOISES
    )
    print(
        f"\nWhere the ensemble leads by {SMALL_LEAD:g} points at each of {NUM_BUDGETS} budgets, "
        f"the default rules a budget out in up to {share_text(wrong)} of studies of 5 seeds."
    )
    for rule in (DEFAULT_RULE, STRICTER_RULE):
        looked = max(
            found_falsely_by_looking(rule, noise, min(num_studies, MOST_LOOKED_AT), LOOKS)
            for noise in NOISES
        )
        print(
            f"With a look after every seed from {LOOKS[0]} to {LOOKS[-1]}, until a budget is "
            f"decided, {rule.label}, finds it falsely in up to {share_text(looked, 3)}."
        )


def row_of(cells: Iterable[str]) -> str:
    """Write a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def share_text(share: float, digits: int = 2) -> str:
    """Write a share without its leading zero.

    >>> share_text(0.734), share_text(1.0), share_text(0.0554, 3)
    ('.73', '1.00', '.055')
    """
    return f"{share:.{digits}f}".removeprefix("0")


if __name__ == "__main__":
    main()
