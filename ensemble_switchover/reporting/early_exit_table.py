"""What answers an image in each design, and its cost: the table of ensembles with early exit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.cascade.against_single import (
    compare_with_single,
    describe_payment,
)
from ensemble_switchover.analysis.cascade.inference_answers import (
    WHOLE,
    list_answers,
    summarise_answers,
)
from ensemble_switchover.analysis.condition_group import split_conditions
from ensemble_switchover.analysis.switchover.error_grid import ENSEMBLE_CLASSES
from ensemble_switchover.machine.terminal import ABSENT, ShownTable, count
from ensemble_switchover.measurement.cascade.exit_rules import CHEAP_POINTS
from ensemble_switchover.reporting.figures.declaration import keep_most_common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.finding import Finding

_COSTS = {
    "flops_per_image": "floating-point operations",
    "ms_to_single": "time, predicted by the members asked",
}
"""Cost of `compare_with_single` -> what it is in a sentence."""


def show_early_exit(finding: Finding) -> ShownTable | None:
    """Tabulate members asked, error and cost of what answers in each design.

    Args:
        finding: A comparison.

    Returns:
        A table with one row for all members and one for the cascade by each exit rule; None where
        no cascade is known.
    """
    if finding.cascades.table.is_empty():
        return None
    runs, timed = with_comparable_times(finding.runs)
    answers = list_answers(runs, finding.cascades.table)
    rows = summarise_answers(answers, finding.rule.confidence).to_dicts()
    single_flops = {
        _budget_key(row): row["flops_per_image_mean"]
        for row in rows
        if row["design_class"] == "single"
    }
    sizes = set(answers["measured_batch_size"].drop_nulls())
    laid_out = [
        {
            **_cells(row, single_flops.get(_budget_key(row))),
            **(_measured_cells(row, sizes) if sizes else {}),
        }
        for row in rows
    ]
    headers = tuple(laid_out[0])
    cells = tuple(tuple(row.values()) for row in laid_out)
    return ShownTable(_caption(finding, answers, timed), headers, cells, 3)


def say_early_exit(finding: Finding) -> tuple[str, ...]:
    """Say at which budgets each ensemble class with early exit pays, and where it does not.

    Costs are exact in operations. In time they are those of the whole ensemble, by the share of
    the members that are asked, and as cascades were served, where that was measured at one batch
    size: it costs more, and the two may disagree.
    """
    if finding.cascades.table.is_empty():
        return ()
    runs, _ = with_comparable_times(finding.runs)
    answers = list_answers(runs, finding.cascades.table)
    costs = dict(_COSTS)
    sizes = set(answers["measured_batch_size"].drop_nulls())
    if len(sizes) == 1:
        costs["measured_ms_to_single"] = f"time, measured as served in batches of {sizes.pop()}"
    sentences = []
    for name in ENSEMBLE_CLASSES:
        for cost, what in costs.items():
            compared = compare_with_single(answers, name, cost, rule=finding.rule)
            if compared:
                sentences.append(describe_payment(name, compared, what))
    return tuple(sentences)


def with_comparable_times(runs: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Keep the times of the largest group of runs whose times compare; say which they are."""
    groups = split_conditions(runs)
    group = next((each for each in groups if each.compares), groups[0])
    kept = keep_most_common(group.runs, "latency_batch_size")
    if kept.is_empty():
        return runs, ""
    (size,) = kept["latency_batch_size"].unique()
    names = kept.select("study", "name").with_columns(compares=pl.lit(value=True))
    timed = runs.join(names, on=("study", "name"), how="left", maintain_order="left")
    compares = pl.col("compares").is_not_null()
    for column in ("latency_ms_per_image", "latency_to_single"):
        timed = timed.with_columns(pl.when(compares).then(column).alias(column))
    return timed.drop("compares"), f"batches of {size}, {group.label}"


def _cells(row: dict[str, Any], single_flops: float | None) -> dict[str, str]:
    flops = row["flops_per_image_mean"]
    return {
        "Budget, parameters": f"{row['budget_parameters']:,} "
        f"({row['budget_depth']}x{row['budget_width']})",
        "Class": str(row["design_class"]),
        "What answers": _answered_by(row),
        "Error, %": mean_and_interval(row, "error_percent", ".2f"),
        "Above all members, points": mean_and_interval(row, "points_from_whole", "+.2f"),
        "Members asked": mean_and_interval(row, "mean_members", ".2f"),
        "p50 / p90 / p99": _quantiles(row),
        "Million operations": f"{flops / 1e6:,.3g}",
        "x single": f"{flops / single_flops:.2f}" if single_flops else ABSENT,
        "ms": mean_and_interval(row, "ms_per_image", ".3g"),
        "x single, time": mean_and_interval(row, "ms_to_single", ".2f"),
        "NLL, nats": _number(row["nll_nats_mean"], ".3f"),
        "Threshold": _range(row, "least_threshold", "most_threshold", ".4g"),
        "Other orders: error, %": _range(row, "least_error_percent", "most_error_percent", ".2f"),
        "Other orders: members": _range(row, "least_mean_members", "most_mean_members", ".2f"),
        "Seeds": f"{row['num_seeds']}",
    }


def _measured_cells(row: dict[str, Any], sizes: set[int]) -> dict[str, str]:
    """Write how long served cascades took, where that was measured at one batch size."""
    if len(sizes) > 1:
        return {}
    batches = f"batches of {next(iter(sizes))}"
    return {
        f"Served, ms ({batches})": mean_and_interval(row, "measured_ms_per_image", ".3g"),
        "Served, x single": mean_and_interval(row, "measured_ms_to_single", ".2f"),
    }


def _answered_by(row: dict[str, Any]) -> str:
    if row["answered_by"] != WHOLE:
        return f"cheapest cascade within {CHEAP_POINTS:g} points ({row['answered_by']})"
    return "the network" if row["k"] == 1 else f"all {row['k']} members"


def _quantiles(row: dict[str, Any]) -> str:
    if row["members_p50"] is None:
        return ABSENT
    return f"{row['members_p50']} / {row['members_p90']} / {row['members_p99']}"


def mean_and_interval(row: dict[str, Any], name: str, form: str) -> str:
    """Write a measure of `summarise_answers`: its mean, and in brackets its interval, if any."""
    mean, lower, upper = (row[f"{name}_{part}"] for part in ("mean", "lower", "upper"))
    if mean is None:
        return ABSENT
    if lower is None:
        return f"{mean:{form}}"
    return f"{mean:{form}} ({lower:{form}} to {upper:{form}})"


def _range(row: dict[str, Any], least: str, most: str, form: str) -> str:
    if row[least] is None:
        return ABSENT
    lower, upper = f"{row[least]:{form}}", f"{row[most]:{form}}"
    return lower if lower == upper else f"{lower} to {upper}"


def _number(value: float | None, form: str) -> str:
    return ABSENT if value is None else f"{value:{form}}"


def _budget_key(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["budget_parameters"], row["budget_depth"], row["budget_width"]


def _caption(finding: Finding, answers: pl.DataFrame, timed: str) -> str:
    asked = answers.drop_nulls("chosen_on")
    times = "No times were measured."
    if timed:
        times = (
            f"ms: per image, {timed}; of a cascade the time of the whole ensemble by the share of "
            "members asked, without what early exit itself costs; x single, time: times the single "
            "network, timed alternately."
        )
    if len(set(answers["measured_batch_size"].drop_nulls())) == 1:
        times += " Served: measured, with all that early exit costs."
    return (
        f"Mean over the seeds, in brackets its {100 * finding.rule.confidence:g} % t interval. "
        f"{_chosen(asked)} p50 / p90 / p99: members that suffice for that share of the images, of "
        "the seed with the most. Operations are exact. "
        f"{times} Threshold: of all folds and seeds. Other orders: least and most over the seeds "
        f"and {_orders(finding.cascades.table)} of the members, the threshold chosen anew for "
        "each. "
        f"{finding.interval_scope}"
    )


def _orders(cascades: pl.DataFrame) -> str:
    """Say which orders of the members were tried."""
    kinds = cascades.select("num_orders", "is_every_order").unique(maintain_order=True).rows()
    return " or ".join(
        f"all {num_orders} orders" if is_every else f"{num_orders} orders drawn by a fixed seed"
        for num_orders, is_every in kinds
    )


def _chosen(asked: pl.DataFrame) -> str:
    """Say which images the thresholds were chosen on, and how members were ordered."""
    kinds = asked.select("chosen_on", "num_folds").unique(maintain_order=True).rows()
    limit = (
        "The threshold is the lowest from which on the cascade errs at most "
        f"{CHEAP_POINTS:g} points more than all members do"
    )
    parts: Sequence[str] = [
        "on held-out validation images, which also order the members by their error"
        if chosen_on == "validation"
        else f"in {count(num_folds, 'fold')} of the images, each read with the threshold of the "
        "others; members are asked as they were trained"
        for chosen_on, num_folds in kinds
    ]
    return (
        f"{limit}: {'; or '.join(parts)}. So the limit is kept on the images that it was chosen "
        "on, and the errors told are of others, on which it may be exceeded."
    )
