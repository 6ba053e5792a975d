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

LEAST_STATUS_SECONDS, MOST_STATUS_SECONDS = 30.0, 300.0
"""Seconds without a report, at least and at most, after which a line says how the sweep stands."""
STATUS_SHARE = 1 / 20
"""Of the time that has passed, after which it does."""
NAMES_OF_A_REASON = 10
"""Runs named at the end, at most, of those that failed for the same reason."""


def swept_words(specs: Sequence[RunSpec]) -> dict[str, str]:
    """Return what else is swept than designs, budgets, families and seeds, by the names of runs.

    Data sets are named where there are several, the number of training images and recipes where
    one of them has several, and the optimizer, its learning rate and the epochs where those of one
    recipe differ.
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
    recipe, dataset = spec.recipe, spec.images_name
    name = recipe.name.partition(", scaled ")[0]
    optimizer = str(recipe.optimizer.get(TARGET, "SGD")).rpartition(".")[2]
    alike = (spec.family.name, dataset, name)
    return [
        ("data set", f"on {dataset}"),
        ("training images", *alike[:2], f"of {count(spec.train_size, 'image')}"),
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


def status_seconds(passed: float) -> float:
    """Return after how many seconds without a report a line says how a sweep stands.

    Args:
        passed: Seconds since the sweep began.

    >>> status_seconds(60.0), status_seconds(1200.0), status_seconds(86400.0)
    (30.0, 60.0, 300.0)
    """
    return min(MOST_STATUS_SECONDS, max(LEAST_STATUS_SECONDS, STATUS_SHARE * passed))


def describe_epochs(ended: Sequence[tuple[int, int]]) -> str:
    """Say in which epochs runs are, which differ in number where several jobs are under way.

    Args:
        ended: Of each run that says so, the epochs that it has ended, and all that it will have.

    >>> describe_epochs([(6, 14), (6, 14)]), describe_epochs([(2, 14), (6, 14), (14, 14)])
    ('epoch 7 of 14', 'epochs 3 and 7 of 14, measuring')
    >>> describe_epochs([(0, 9), (3, 9), (5, 9)]), describe_epochs([(1, 3), (1, 9)])
    ('epochs 1 to 6 of 9', 'epoch 2 of 3, epoch 2 of 9')
    """
    parts = []
    for total in sorted({total for _, total in ended}):
        at = sorted({own + 1 for own, of in ended if of == total and own < total})
        if len(at) == 1:
            parts.append(f"epoch {at[0]} of {total}")
        elif at:
            joined = f"{at[0]} and {at[1]}" if len(at) == 2 else f"{at[0]} to {at[-1]}"
            parts.append(f"epochs {joined} of {total}")
    if any(own >= total for own, total in ended):
        parts.append("measuring")
    return ", ".join(parts)


def count_progress(
    done: int,
    total: int,
    running: int,
    jobs: int,
    failed: int,
    seconds_left: float,
    ended: Sequence[tuple[int, int]] = (),
) -> str:
    """Describe how a sweep stands.

    Args:
        done: Number of runs with a record.
        total: Number of all runs.
        running: Number of runs that processes work on.
        jobs: Number of these processes; fewer where some train several seeds together.
        failed: Number of runs that failed.
        seconds_left: Estimate of the time until the end; 0 where nothing is known yet.
        ended: As of `describe_epochs`.

    >>> count_progress(36, 72, 2, 2, 0, 522.0, [(6, 14)])
    '36/72 done, 2 running (epoch 7 of 14), ~8.7 min left'
    >>> count_progress(36, 72, 8, 2, 0, 522.0)
    '36/72 done, 8 in 2 jobs, ~8.7 min left'
    >>> count_progress(36, 72, 0, 0, 1, 522.0)
    '36/72 done, the next starts, 1 failed, ~8.7 min left'
    >>> count_progress(71, 72, 0, 0, 1, 0.0)
    '71/72 done, 1 failed'
    """
    under_way = f"{running} in {count(jobs, 'job')}" if jobs < running else f"{running} running"
    where = describe_epochs(ended)
    parts = [f"{done}/{total} done"]
    if running:
        parts.append(f"{under_way} ({where})" if where else under_way)
    elif done + failed < total:
        parts.append("the next starts")
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
