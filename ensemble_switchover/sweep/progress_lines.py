"""What a sweep prints of its runs, in lines that fit a terminal (no torch)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.machine.terminal import count, rough_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.document import Document

NAMES_OF_A_REASON = 10
"""Runs named at the end, at most, of those that failed for the same reason."""


def swept_words(specs: Sequence[RunSpec]) -> dict[str, str]:
    """Return what else is swept than designs, budgets, families and seeds, by the names of runs.

    Data sets are named where there are several, recipes where one of them has several, and the
    optimizer, its learning rate and the epochs where those of one recipe differ.
    """
    within: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    entries = {spec.name: _swept_entries(spec) for spec in specs}
    for found in entries.values():
        for *place, text in found:
            within[tuple(place)].add(text)
    return {
        run: " ".join(text for *place, text in found if len(within[tuple(place)]) > 1)
        for run, found in entries.items()
    }


def _swept_entries(spec: RunSpec) -> list[tuple[str, ...]]:
    """List what a run is of, each after what it is compared within, in a line's order."""
    recipe, dataset = spec.recipe, spec.dataset.name
    name = recipe.name.partition(", scaled ")[0]
    optimizer = str(recipe.optimizer.get(TARGET, "SGD")).rpartition(".")[2]
    alike = (spec.family.name, dataset, name)
    return [
        ("data set", f"on {dataset}"),
        ("recipe", *alike[:2], f"recipe {name}"),
        ("optimizer", *alike, optimizer),
        ("learning rate", *alike, f"learning rate {recipe.learning_rate:g}"),
        ("epochs", *alike, count(recipe.epochs, "epoch")),
    ]


def name_run(spec: RunSpec, *, with_family: bool, swept: str = "") -> str:
    """Name a run briefly: the budget, the design, its member where it differs, and the seed.

    Args:
        spec: The run.
        with_family: Name the family too, where runs of several are listed.
        swept: What else is swept.
    """
    design, budget = spec.design, spec.budget
    words = [f"{budget.depth}x{budget.width}", design.design_class.value]
    if design.k > 1:
        words.append(f"k={design.k} ({design.depth}x{design.width})")
    family = [spec.family.name] if with_family else []
    beside = [swept] if swept else []
    return " ".join([*family, *words, *beside, f"seed {spec.seed}"])


def describe_ending(document: Document) -> str:
    """Describe how a finished run ended."""
    record, error = document.record, document.summary.error_percent
    on = record.dataset.evaluated_on
    return f"{on} error {error:.2f} %, {rough_duration(record.wall_seconds)}"


def count_progress(
    done: int, total: int, running: int, jobs: int, failed: int, seconds_left: float
) -> str:
    """Describe how a sweep stands.

    Args:
        done: Number of runs with a record.
        total: Number of all runs.
        running: Number of runs that processes work on.
        jobs: Number of these processes; fewer where some train several seeds together.
        failed: Number of runs that failed.
        seconds_left: Estimate of the time until the end; 0 where nothing is known yet.

    >>> count_progress(36, 72, 2, 2, 0, 522.0)
    '36/72 done, 2 running, ~8.7 min left'
    >>> count_progress(36, 72, 8, 2, 0, 522.0)
    '36/72 done, 8 in 2 jobs, ~8.7 min left'
    >>> count_progress(72, 72, 0, 0, 1, 0.0)
    '72/72 done, 0 running, 1 failed'
    """
    under_way = f"{running} in {count(jobs, 'job')}" if jobs < running else f"{running} running"
    parts = [f"{done}/{total} done", under_way]
    if failed:
        parts.append(f"{failed} failed")
    if seconds_left:
        parts.append(f"~{rough_duration(seconds_left)} left")
    return ", ".join(parts)


def failure_rows(failures: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """List the names of runs and why they failed; a reason that many share is written once.

    >>> failure_rows([("one", "killed"), ("two", "not finite"), ("three", "killed")])
    (('one', 'killed'), ('three', 'the same'), ('two', 'not finite'))
    """
    by_reason: dict[str, list[str]] = {}
    for name, reason in failures:
        by_reason.setdefault(reason, []).append(name)
    rows = []
    for reason, names in by_reason.items():
        shown = names[:NAMES_OF_A_REASON]
        if len(names) > len(shown):
            shown.append(f"and {len(names) - len(shown)} more")
        rows.append((shown[0], reason))
        rows += [(name, "the same") for name in shown[1:]]
    return tuple(rows)
