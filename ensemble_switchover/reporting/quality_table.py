"""Quality of probabilities by design, and whether more members would help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ensemble_switchover.analysis.design_table import summarise_errors
from ensemble_switchover.analysis.more_members import CAVEAT, would_more_members_help
from ensemble_switchover.machine.terminal import ABSENT, ShownTable, count

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.analysis.finding import Finding

_COLUMNS: tuple[tuple[str, str, float, str], ...] = (
    ("Balanced error, %", "balanced_error_percent", 1.0, ".2f"),
    ("Calibrated NLL, nats", "calibrated_nll_nats", 1.0, ".4f"),
    ("Calibrated ECE", "calibrated_ece", 1.0, ".4f"),
    ("Temperature", "temperature", 1.0, ".2f"),
    ("Coverage at 5 % risk, %", "coverage_at_5_percent_risk", 100.0, ".1f"),
    ("AURC, %", "aurc", 100.0, ".3f"),
    ("EIR", "ensemble_improvement_rate", 1.0, ".2f"),
    ("DER", "disagreement_error_ratio", 1.0, ".2f"),
)
"""Header, column of a run, factor and format of each figure."""


def show_quality(finding: Finding) -> ShownTable | None:
    """Tabulate the quality of probabilities, one row for each design.

    Args:
        finding: A comparison.

    Returns:
        None where no run has a quality.
    """
    known = finding.runs.filter(pl.col("aurc").is_not_null())
    if known.is_empty():
        return None
    rows = summarise_errors(known).to_dicts()
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "Budget, parameters": lambda row: (
            f"{row['budget_parameters']:,} ({row['budget_depth']}x{row['budget_width']})"
        ),
        "Class": lambda row: str(row["design_class"]),
        "k": lambda row: f"{row['k']}",
        "Seeds": lambda row: f"{row['num_seeds']}",
        **{header: _writer(name, factor, form) for header, name, factor, form in _COLUMNS},
    }
    cells = tuple(tuple(write(row) for write in columns.values()) for row in rows)
    return ShownTable(_caption(finding.runs.height - known.height), tuple(columns), cells, 2)


def say_more_members(finding: Finding) -> tuple[str, ...]:
    """Say of the ensembles of each class at the largest budget whether more members would help.

    Returns:
        The sentences, the last of which says what they leave open; none where nothing is known.
    """
    known = finding.runs.filter(
        pl.col("disagreement_error_ratio").is_not_null(), ~pl.col("left_out")
    )
    if known.is_empty():
        return ()
    sentences = []
    for row in (
        summarise_errors(known)
        .unique("design_class", keep="last", maintain_order=True)
        .rows(named=True)
    ):
        told = would_more_members_help(
            row["error_percent_mean"],
            row["mean_member_error_percent_mean"],
            row["disagreement_error_ratio_mean"],
            finding.num_images,
        )
        sentences.append(
            f"Would more members help {row['design_class']} with k = {row['k']} at "
            f"{row['budget_parameters']:,} parameters? {told[0].upper()}{told[1:]}"
        )
    return (*sentences, CAVEAT)


def _writer(name: str, factor: float, form: str) -> Callable[[dict[str, Any]], str]:
    def write(row: dict[str, Any]) -> str:
        mean, std = row[f"{name}_mean"], row[f"{name}_std"]
        if mean is None:
            return ABSENT
        text = f"{factor * mean:{form}}"
        return text if std is None else f"{text} ± {factor * std:{form}}"

    return write


def _caption(num_without: int) -> str:
    text = (
        "Mean ± sample standard deviation over the seeds after the last epoch. Calibrated: with a "
        "temperature that is best for other images, by cross-validation (Lobacheva et al. 2020). "
        "Coverage: share of the images, the most confident first, with at most 5 % of errors among "
        "them. AURC: mean error over the images that are at least as confident as one of them. "
        "EIR: by which share the ensemble errs less than its members do on average; DER: how often "
        "two members disagree, over their mean error (Theisen et al. 2023)."
    )
    if num_without:
        text += f" Without {count(num_without, 'run')} that kept no predictions."
    return text
