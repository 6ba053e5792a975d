"""A plan for readers: a table of designs, and a few lines on the whole study."""

from __future__ import annotations

import statistics
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ensemble_switchover.config.evaluated_epochs import evaluation_costs
from ensemble_switchover.machine.terminal import (
    ABSENT,
    ShownTable,
    count,
    digits,
    mebibytes,
    percent,
    print_table,
    printable,
    quantity,
    rough_duration,
)
from ensemble_switchover.machine.units import MEBIBYTE
from ensemble_switchover.planning.data_sheet import DataSheet
from ensemble_switchover.planning.forecast import Forecast, Totals, total
from ensemble_switchover.planning.job_lines import (
    group_memory,
    group_text,
    jobs_by_design,
    to_do_line,
    together_lines,
)
from ensemble_switchover.planning.workload import MANY_IMAGES
from ensemble_switchover.results.state import RunState, count_begun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from ensemble_switchover.config.study import Study
    from ensemble_switchover.planning.job_cost import JobCost

MAX_DESIGN_ROWS = 60


def show_plan(
    console: Console,
    study: Study,
    forecasts: Sequence[Forecast],
    *,
    jobs: Sequence[JobCost],
    concurrent_jobs: int | None,
    images: Sequence[str] = (),
    kept: Sequence[str] = (),
) -> None:
    """Print the designs with their predicted costs, the sums, and the basis of the predictions.

    Args:
        console: Where to print.
        study: The runs.
        forecasts: Their forecasts.
        jobs: What the jobs of the runs that are to do are predicted to take.
        concurrent_jobs: Jobs at a time, as the launcher states it; None if several do.
        images: What the check of a folder of images found, which is printed first.
        kept: What the runs keep beside their records (`planning.kept_predictions`).
    """
    for line in images:
        console.print(Text(printable(line)), soft_wrap=True)
    groups = _by_design(forecasts)
    by_design = len(groups) <= MAX_DESIGN_ROWS
    shown = _shown_designs(groups, jobs) if by_design else _shown_classes(forecasts)
    print_table(console, shown, "Designs" if by_design else "Designs, by class")
    lines = [
        *_total_lines(total(forecasts), forecasts, study.num_asked),
        *filter(None, [to_do_line(jobs, concurrent_jobs)]),
        *together_lines(jobs),
        *_machine_lines(forecasts),
        *_memory_lines(forecasts),
        *kept,
        *evaluation_costs(study.specs),
        *(line for line in _remark_lines(forecasts) if line not in images),
        *(f"No such design: {hole}" for hole in study.impossible),
    ]
    if not by_design:
        lines.append("Every run: --format csv or --format json")
    for line in lines:
        console.print(Text(printable(line)), soft_wrap=True)


def _remark_lines(forecasts: Sequence[Forecast]) -> list[str]:
    """Say once what the user should know of the images and batches of the runs."""
    return list(
        dict.fromkeys(
            f"dataset={entry.spec.dataset.name}: {remark}"
            for entry in forecasts
            for remark in entry.spec.remarks
        )
    )


def _by_design(forecasts: Sequence[Forecast]) -> list[list[Forecast]]:
    """Group the runs that differ only in their seeds."""
    groups: dict[str, list[Forecast]] = {}
    for entry in forecasts:
        groups.setdefault(entry.spec.replicate_fingerprint, []).append(entry)
    return list(groups.values())


Column = tuple[str, "Callable[[Forecast], str]"]

DESIGN_TABLE_COLUMNS: list[Column] = [
    ("Class", lambda entry: entry.spec.design.design_class.value),
    ("k", lambda entry: f"{entry.spec.design.k}"),
    ("Depth", lambda entry: f"{entry.spec.design.depth}"),
    ("Width", lambda entry: f"{entry.spec.design.width}"),
    ("Parameters", lambda entry: f"{entry.spec.design.parameters:,}"),
    ("Fill", lambda entry: percent(entry.spec.design.budget_fill)),
]
OCCASIONAL_COLUMNS: list[Column] = [
    ("Family", lambda entry: entry.spec.family.name),
    ("Options", lambda entry: " ".join(f"{k}={v}" for k, v in entry.spec.family.options.items())),
    ("Data set", lambda entry: entry.spec.dataset.name),
    ("Pixels", lambda entry: f"{entry.spec.task.size}x{entry.spec.task.size}"),
    ("Images", lambda entry: f"{entry.spec.train_size:,}"),
    ("Augmen- tation", lambda entry: entry.spec.dataset.augmentation),
    ("Execution", lambda entry: entry.plan.label),
    ("Precision", lambda entry: entry.spec.precision),
    ("Compiled", lambda entry: "yes" if entry.spec.compile else "no"),
    ("Device", lambda entry: entry.spec.device),
    ("Threads", lambda entry: f"{entry.spec.threads or 'auto'}"),
    ("Epochs", lambda entry: f"{entry.spec.recipe.epochs}"),
    ("Evaluated every", lambda entry: entry.spec.evaluate_every),
    ("Recipe", lambda entry: entry.spec.recipe.name),
    ("Batch", lambda entry: f"{entry.spec.recipe.batch_size}"),
    ("Rate", lambda entry: f"{entry.spec.recipe.learning_rate:g}"),
    ("Decay", lambda entry: f"{entry.spec.recipe.weight_decay:g}"),
    ("Nesterov", lambda entry: "yes" if entry.spec.recipe.nesterov else "no"),
]
"""Columns that are shown only if the designs differ in them."""


def _shown_designs(groups: Sequence[Sequence[Forecast]], jobs: Sequence[JobCost]) -> ShownTable:
    firsts = [group[0] for group in groups]
    of_design = jobs_by_design(jobs)

    def jobs_of(entry: Forecast) -> list[JobCost]:
        return of_design.get(entry.spec.replicate_fingerprint, [])

    together: list[Column] = [
        ("Seeds together", lambda entry: group_text(jobs_of(entry))),
        ("Group, MiB", lambda entry: group_memory(jobs_of(entry))),
    ]
    shows_groups = any(job.num_together > 1 for job in jobs)
    columns: list[Column] = [
        ("Budget", lambda entry: f"{entry.spec.budget.depth}x{entry.spec.budget.width}"),
        *((name, write) for name, write in OCCASIONAL_COLUMNS if len(set(map(write, firsts))) > 1),
        *DESIGN_TABLE_COLUMNS,
        ("Steps", lambda entry: f"{entry.cost.steps:,}"),
        ("FLOP", lambda entry: quantity(entry.cost.training_flops)),
        ("Training", lambda entry: _seconds(entry, entry.cost.training_seconds)),
        ("Memory, MiB", _memory),
        ("Alone, ms", lambda entry: _milliseconds(entry, entry.cost.one_image_ms)),
        ("Batch, ms", lambda entry: _milliseconds(entry, entry.cost.many_images_ms)),
        *(together if shows_groups else []),
    ]
    rows = [(*(write(group[0]) for _, write in columns), _done(group)) for group in groups]
    explained = ""
    if shows_groups:
        explained = " Seeds together: how many, and training and evaluation of them all."
    caption = (
        "Per run, of all members: steps, FLOP and time of training; peak memory of all tensors on "
        f"the device; inference of an image alone, and in a batch of {MANY_IMAGES}.{explained} "
        "Done: finished runs, of all seeds."
    )
    headers = tuple(name for name, _ in columns)
    return ShownTable(
        caption,
        (*headers, "Done"),
        tuple(rows),
        headers.index("Class") + 1,
        secondary=("Steps", "FLOP", "Fill", "Alone, ms", "Group, MiB", "Batch, ms"),
    )


def _done(group: Sequence[Forecast]) -> str:
    return f"{sum(entry.state is RunState.FINISHED for entry in group)}/{len(group)}"


def _memory(entry: Forecast) -> str:
    return f"{entry.cost.memory_bytes / MEBIBYTE:,.0f}" + ("" if entry.fits else " !")


def _shown_classes(forecasts: Sequence[Forecast]) -> ShownTable:
    headers = (
        "Family", "Data set", "Class", "k", "Designs", "Done", "Parameters", "Fill", "Training",
        "Memory, MiB", "Batch, ms",
    )  # fmt: skip
    caption = (
        "Per run, of all members: the smallest and the largest value of each class. Batch: "
        f"inference of an image in a batch of {MANY_IMAGES}."
    )

    training_sizes: dict[str, set[int]] = {}
    for each in forecasts:
        training_sizes.setdefault(each.spec.images_name, set()).add(each.spec.train_size)

    def key(entry: Forecast) -> tuple[str, str, int, str, int]:
        spec = entry.spec
        several = len(training_sizes[spec.images_name]) > 1
        size = spec.train_size if several else 0
        return (
            spec.family.name, spec.images_name, size, spec.design.design_class.value, spec.design.k,
        )  # fmt: skip

    rows = []
    for (family, images, size, design_class, k), part in groupby(sorted(forecasts, key=key), key):
        group = list(part)
        designs = [entry.spec.design for entry in group]
        rows.append(
            (
                family,
                f"{images}, {size:,} to train on" if size else images,
                design_class,
                str(k),
                f"{len(set(designs))}",
                _done(group),
                _range(group, lambda entry: entry.spec.design.parameters, _plain(quantity)),
                _range(group, lambda entry: entry.spec.design.budget_fill, _plain(percent)),
                _range(group, lambda entry: entry.cost.training_seconds, _seconds),
                _range(
                    group, lambda entry: entry.cost.memory_bytes, lambda entry, _: _memory(entry)
                ),
                _range(group, lambda entry: entry.cost.many_images_ms, _milliseconds),
            )
        )
    secondary = ("Batch, ms", "Fill", "Parameters")
    return ShownTable(caption, headers, tuple(rows), 3, secondary)


def _total_lines(totals: Totals, forecasts: Sequence[Forecast], num_requested: int) -> list[str]:
    done = totals.runs - totals.to_do - totals.shared
    begun = count_begun(entry.state for entry in forecasts)
    lines = [
        f"{count(totals.runs, 'run')}, {done} finished before, {totals.to_do} to do{begun}: "
        f"{count(totals.steps, 'training step')}, {quantity(totals.training_flops)} FLOP"
    ]
    saved = []
    if num_requested > totals.runs:
        saved.append(
            f"{num_requested - totals.runs:,} repeat another run (a single network has no k)"
        )
    if totals.shared:
        saved.append(f"{totals.shared:,} share their networks with another run, which trains them")
    if saved:
        lines.append(f"Saved: of {count(num_requested, 'run')} requested, {' and '.join(saved)}")
    return lines


def _machine_lines(forecasts: Sequence[Forecast]) -> list[str]:
    lines = [
        f"Seconds from {source}" for source in {entry.machine.source: 0 for entry in forecasts}
    ]
    far = {entry.spec.family.name: 0 for entry in forecasts if entry.cost.extrapolated}
    if far:
        lines.append(
            f"~ marks extrapolated times: too few designs of {', '.join(far)}, or none as large or "
            "as small, were timed; --calibrate times some"
        )
    totals = total(forecasts)
    for errors, how in ((totals.errors, ""), (totals.pass_errors, ", measured by timing passes")):
        if errors:
            runs = count(len(errors), "finished run")
            lines.append(
                f"Predicted over measured training time of {runs} on this device{how}: "
                f"median {statistics.median(errors):.2f}, {min(errors):.2f} to {max(errors):.2f}"
            )
    if not totals.errors and not totals.pass_errors:
        lines.append("No finished run of this device and these conditions to compare with")
    return lines


def _memory_lines(forecasts: Sequence[Forecast]) -> list[str]:
    most = max(forecasts, key=lambda entry: entry.cost.memory_bytes)
    available = most.machine.memory_bytes
    line = f"Memory from shapes; the most: {mebibytes(most.cost.memory_bytes)}, {_title(most)}"
    if available is not None:
        line += f"; {most.machine.conditions.device_name} has {mebibytes(available)}"
    too_large = [entry for entry in forecasts if not entry.fits]
    refused = [f"Does not fit into memory: {_title(entry)}{_beside(entry)}" for entry in too_large]
    return [line, *dict.fromkeys(refused)]


def _beside(entry: Forecast) -> str:
    if not entry.process_bytes:
        return ""
    tensors, processes = mebibytes(entry.cost.memory_bytes), mebibytes(entry.process_bytes)
    return f" ({tensors} of tensors, and about {processes} for the program itself)"


def _title(entry: Forecast) -> str:
    design = entry.spec.design
    return (
        f"{design.design_class.value} k={design.k} of {entry.spec.family.name} "
        f"{design.depth}x{design.width} on {entry.spec.images_name}, batch size "
        f"{entry.spec.recipe.batch_size}"
    )


def _seconds(entry: Forecast, seconds: float | None) -> str:
    return ABSENT if seconds is None else _mark(entry) + rough_duration(seconds)


def _milliseconds(entry: Forecast, value: float | None) -> str:
    return ABSENT if value is None else _mark(entry) + digits(value, 3)


def _mark(entry: Forecast) -> str:
    """Return the mark of times that are lower bounds (`>`) or extrapolated (`~`), else nothing."""
    if isinstance(entry.machine.basis, DataSheet):
        return ">"
    return "~" if entry.cost.extrapolated else ""


def _plain(write: Callable[[Any], str]) -> Callable[[Forecast, Any], str]:
    return lambda _, value: write(value)


def _range(
    group: Sequence[Forecast],
    value: Callable[[Forecast], Any],
    write: Callable[[Forecast, Any], str],
) -> str:
    known = [entry for entry in group if value(entry) is not None]
    if not known:
        return ABSENT
    least, most = min(known, key=value), max(known, key=value)
    low, high = write(least, value(least)), write(most, value(most))
    return low if low == high else f"{low} to {high}"
