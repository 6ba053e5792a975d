"""Rows of designs: those that overrides ask for, and those of the paper's tables; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.command_line import has_override
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.config.resolve import read_budget, resolve
from ensemble_switchover.config.search_path import names_folders
from ensemble_switchover.config.study import missing_design
from ensemble_switchover.config.table_a import TABLE_A
from ensemble_switchover.design.published import PUBLISHED_FAMILIES, published_table
from ensemble_switchover.design.published_check import (
    PublishedRowCheck,
    agreement_line,
    compare_with_paper,
)
from ensemble_switchover.errors import ConfigError, DesignError
from ensemble_switchover.results.from_run_spec import missing_design_facts, spec_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.design import Family

ALL_CLASSES = ("single", "deq", "weq")


BUDGET_COLUMNS = ("family", "changed_options", "dataset", "budget_depth", "budget_width")
"""What tells one budget from another."""
DESIGN_ROW_COLUMNS = (
    *BUDGET_COLUMNS, "budget_parameters", "design_class", "k", "depth", "width",
    "member_parameters", "parameters", "budget_fill", "flops_per_image", "layers", "problem",
)  # fmt: skip
"""Those of `results.run_columns` and, of no run: the options of the family that differ from its
defaults; FLOPs of all members' forward pass, 2 per multiply-add; the convolutions, with those of
shortcuts, and classifier of one member; and why a design does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """One ensemble of Tables B to D, as printed and as solved by the paper's inequality."""

    table: str
    family: str
    dataset: str
    budget_depth: int
    budget_width: int
    budget_parameters: int
    design_class: str
    knob: str
    """The dimension that the class changes: `depth` for weq, `width` for deq."""
    printed: int
    solved: int | None
    printed_fill: float
    solved_fill: float | None
    agrees: bool
    overspends: bool
    """Whether the printed design breaks the inequality `k * |E| <= |S|`."""


def list_designs(overrides: Sequence[str]) -> list[dict[str, Any]]:
    """Solve the designs that the overrides ask for, of every class if they name none.

    Returns:
        The rows of `DESIGN_ROW_COLUMNS`, absent values None, by budget, in the order of the
        overrides, then by k and class.

    Raises:
        ConfigError: with every problem of the overrides, once.
    """
    chosen = list(overrides)
    if not has_override(overrides, "design"):
        chosen.append(f"design={','.join(ALL_CLASSES)}")
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    problems: dict[str, None] = {}
    sweeps = compose_overrides(chosen)
    with reading_once():
        for config in [config for _, configs in sweeps for config in configs]:
            try:
                row = _design_row(config)
            except ConfigError as error:
                problems.update(dict.fromkeys(error.args))
            else:
                rows.setdefault(tuple(row.values()), row)
    if problems:
        raise ConfigError(*problems)
    budgets: dict[tuple[Any, ...], int] = {}
    for row in rows.values():
        budgets.setdefault(_budget(row), len(budgets))
    return sorted(
        rows.values(),
        key=lambda r: (budgets[_budget(r)], r["k"], ALL_CLASSES.index(r["design_class"])),
    )


def list_paper_tables(overrides: Sequence[str]) -> tuple[list[PaperRow], list[str]]:
    """Recompute Tables B to D, on every data set of Table A if the overrides name none.

    Returns:
        The rows, and a sentence on each table and data set.

    Raises:
        ConfigError: if the overrides set more than the data set.
    """
    for override in overrides:
        if not override.startswith(("dataset=", "dataset.")) and not names_folders(override):
            raise ConfigError(
                f"{override}: --paper takes all but the data set from the tables; expected dataset="
            )
    rows, lines = [], []
    for name in PUBLISHED_FAMILIES:
        datasets = ",".join(dataset for family, dataset in TABLE_A if family == name)
        chosen = (
            overrides if has_override(overrides, "dataset") else [*overrides, f"dataset={datasets}"]
        )
        for _, configs in compose_overrides([f"arch={name}", *chosen]):
            for config in configs:
                family, task, _ = read_budget(config)
                comparisons = compare_with_paper(family, task)
                dataset = config.dataset.name
                rows += [_paper_row(name, dataset, comparison) for comparison in comparisons]
                lines.append(f"{dataset}: {agreement_line(family, comparisons)}")
    return rows, lines


def _design_row(config: Config) -> dict[str, Any]:
    try:
        spec = resolve(config)
    except DesignError as error:
        family, _, _ = read_budget(config)
        facts = missing_design_facts(missing_design(config, str(error)))
        own: dict[str, Any] = {"problem": str(error)}
    else:
        family, design = spec.family, spec.design
        facts = spec_facts(spec)
        own = {
            "flops_per_image": design.k * design.member_flops,
            "layers": family.num_layers(design.depth, design.width, spec.task),
        }
    values = {**facts, **own, "changed_options": _changed_options(family)}
    return {name: values.get(name) for name in DESIGN_ROW_COLUMNS}


def _budget(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in BUDGET_COLUMNS)


def _changed_options(family: Family) -> str:
    usual = type(family)().options
    changed = {name: value for name, value in family.options.items() if value != usual[name]}
    return " ".join(f"{name}={value}" for name, value in changed.items())


def _paper_row(family: str, dataset: str, comparison: PublishedRowCheck) -> PaperRow:
    budget, printed, solved = comparison.budget, comparison.printed, comparison.solved
    knob = "depth" if comparison.design_class.value == "weq" else "width"
    return PaperRow(
        table=published_table(family),
        family=family,
        dataset=dataset,
        budget_depth=budget.depth,
        budget_width=budget.width,
        budget_parameters=budget.parameters,
        design_class=comparison.design_class.value,
        knob=knob,
        printed=getattr(printed, knob),
        solved=None if solved is None else getattr(solved, knob),
        printed_fill=printed.budget_fill,
        solved_fill=None if solved is None else solved.budget_fill,
        agrees=comparison.agrees,
        overspends=comparison.overspends,
    )
