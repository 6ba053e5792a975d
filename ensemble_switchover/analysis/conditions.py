"""The conditions of the runs of a comparison in words: data, recipe, machine, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.reduced_images import reduced_from
from ensemble_switchover.config.schema import EVERY_EPOCH, MILESTONES
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ensemble_switchover.results.record import EnvironmentRecord, Record

AUTO = "auto"
"""Label for runs that requested the fastest execution; only their times are comparable."""
TIMING_PASS = "timing pass"
"""The other kind of times than those of a run itself."""
_OF_TIMING_PASS = f", {TIMING_PASS}"


def comparable_execution(environment: EnvironmentRecord) -> str:
    """Return the execution under which times compare, and whether they are of a timing pass.

    It is `auto` if the fastest was requested. Times of a run itself, and of a timing pass, never
    compare: the latter are `sequential, timing pass`, for example.
    """
    requested = environment.execution_requested
    execution = AUTO if requested == AUTO else environment.execution
    return execution + (_OF_TIMING_PASS if environment.times_of == TIMING_PASS else "")


def describe_comparable(compared: str) -> str:
    """Describe what `comparable_execution` returns.

    >>> describe_comparable("sequential"), describe_comparable("sequential, timing pass")
    ('sequential execution', 'sequential execution, times of a timing pass')
    """
    execution = compared.removesuffix(_OF_TIMING_PASS)
    text = f"{execution} execution"
    if execution == AUTO:
        text = "each design with its fastest execution"
    return f"{text}, times of a {TIMING_PASS}" if is_of_timing_pass(compared) else text


def is_of_timing_pass(compared: str) -> bool:
    """Tell whether what `comparable_execution` returns is of a timing pass.

    >>> is_of_timing_pass("auto"), is_of_timing_pass("auto, timing pass")
    (False, True)
    """
    return compared.endswith(_OF_TIMING_PASS)


def describe_execution(environment: EnvironmentRecord) -> str:
    """Describe the execution of the members, or that each design ran with its fastest."""
    if environment.execution_requested == AUTO:
        return "each design with its fastest execution (auto)"
    return f"{environment.execution} execution"


def describe_evaluated(evaluate_every: str) -> str:
    """Describe after which epochs runs were evaluated; an empty text for every epoch.

    >>> describe_evaluated("1"), describe_evaluated("5"), describe_evaluated("milestones")
    ('', 'evaluated every 5 epochs', 'evaluated at milestones')
    """
    if evaluate_every == EVERY_EPOCH:
        return ""
    if evaluate_every == MILESTONES:
        return "evaluated at milestones"
    return f"evaluated every {evaluate_every} epochs"


def describe_conditions(records: Sequence[Record]) -> str:
    """Describe the runs in one line: seeds, budget rule, device, execution, precision.

    Args:
        records: The runs of one comparison; at least one.
    """
    environments = [record.environment for record in records]
    return ", ".join(
        (
            describe_seeds_and_rule(records),
            _distinct(f"{e.device} ({e.device_name})" for e in environments),
            _distinct(map(describe_execution, environments)),
            _distinct(f"precision {e.precision}" for e in environments),
        )
    )


def describe_seeds_and_rule(records: Sequence[Record]) -> str:
    """Describe the number of seeds and the rule that derives the designs from the budget.

    Args:
        records: The runs of one comparison; at least one.
    """
    seeds = {record.seed for record in records}
    ensembles = [record for record in records if record.design.design_class != "single"]
    rule = _distinct(record.design.source for record in ensembles or records)
    return f"{count(len(seeds), 'seed')}, source {rule}"


def list_conditions(records: Sequence[Record]) -> list[tuple[str, str]]:
    """List the conditions as pairs of name and value: data, recipe, machine, versions.

    Args:
        records: The runs of one comparison; at least one.
    """
    environments = [record.environment for record in records]
    loads = [e.host_load for e in environments if e.host_load is not None]
    return [
        ("Runs", f"{len(records)}"),
        ("Seeds", _distinct(f"{seed}" for seed in sorted({record.seed for record in records}))),
        ("Source of the designs", _distinct(r.design.source for r in records)),
        ("Family options", _distinct(_pairs(r.design.family_options) for r in records)),
        ("Data", _distinct(_describe_data(record) for record in records)),
        ("Recipe", _distinct(_describe_recipe(record) for record in records)),
        ("Evaluated", _distinct(_evaluated_in_full(record) for record in records)),
        ("Device", _distinct(f"{e.device} ({e.device_name})" for e in environments)),
        ("Execution", _distinct(map(_describe_chosen, environments))),
        *_describe_together(records),
        ("Times", _describe_times(records)),
        ("Precision", _distinct(e.precision for e in environments)),
        ("Compiled", _distinct("yes" if e.compiled else "no" for e in environments)),
        ("Images stored on", _distinct(e.residence for e in environments)),
        ("Threads per run", _distinct(f"{e.num_threads}" for e in environments)),
        ("Runs sharing the machine", _distinct(f"{e.concurrent_jobs}" for e in environments)),
        ("Host load at the start", f"{min(loads):.1f} to {max(loads):.1f}" if loads else "unknown"),
        ("Platform", _distinct(e.platform for e in environments)),
        ("Versions", _distinct(_pairs(e.versions) for e in environments)),
        ("Commit", _distinct(e.commit or "unknown" for e in environments)),
        ("Started between", _describe_dates(records)),
        *_describe_flags(records),
    ]


def _describe_flags(records: Sequence[Record]) -> list[tuple[str, str]]:
    flags = [f"seed {record.seed}: {record.flags}" for record in records if record.flags]
    return [("Flagged", f"{len(flags)} of {len(records)}: {_distinct(flags)}")] if flags else []


def _describe_chosen(environment: EnvironmentRecord) -> str:
    chosen = " (chosen as the fastest)" if environment.execution_requested == AUTO else ""
    return f"{environment.execution}{chosen}"


def _describe_together(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Say how many seeds of a design were trained in the same steps, where that was so."""
    numbers = {len(record.timing_pass.seeds) if record.timing_pass else 1 for record in records}
    told = " / ".join(count(number, "seed") for number in sorted(numbers))
    return [("Trained in the same steps", told)] if numbers != {1} else []


def _describe_times(records: Sequence[Record]) -> str:
    """Say whether seconds, memory and latency are of the runs themselves, or of a timing pass."""
    kinds = {record.environment.times_of for record in records}
    passes = [record.timing_pass for record in records if record.timing_pass is not None]
    parts = []
    if "run" in kinds:
        parts.append("of the runs themselves")
    if TIMING_PASS in kinds:
        text = f"of a {TIMING_PASS}"
        if passes:
            timed = _range({entry.timed_steps for entry in passes})
            whole = _range({entry.epoch_steps for entry in passes})
            text += f" of {timed} of an epoch's {whole} steps"
        if any(len(entry.beside) > 1 for entry in passes):
            text += ", designs of a budget in turn"
        parts.append(text)
    return _distinct(parts)


def _range(numbers: Collection[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _distinct(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(values))


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items())) or "none"


def _describe_data(record: Record) -> str:
    data = record.dataset
    augmentation = data.augmentation
    if data.randaugment_ops is not None:
        augmentation += f" (N={data.randaugment_ops}, M={data.randaugment_magnitude})"
    if data.normalisation == "scaled":
        augmentation += ", pixels scaled to 0 to 1"
    own = f", {_pairs(data.options)}" if data.options else ""
    measured = f"{data.test_size:,} test images"
    if data.evaluated_on == "validation":
        measured = f"{data.validation_size:,} validation images (instead of test images)"
    elif data.validation_size:
        measured += f" ({data.validation_size:,} more held out for validation)"
    side = reduced_from(record)
    reduced = "" if side is None else f" (averaged over areas from {side}x{side})"
    return (
        f"{data.name}: {data.train_size:,} training and {measured} of "
        f"{data.channels}x{data.image_size}x{data.image_size}{reduced}, "
        f"{data.num_classes} classes, "
        f"augmentation {augmentation}, split seed {data.split_seed}{own}"
    )


def _describe_recipe(record: Record) -> str:
    recipe = record.recipe
    drops = ", ".join(f"{rate:g} after epoch {epoch}" for epoch, rate in recipe.drops)
    optimizer = f"{'Nesterov ' if recipe.nesterov else ''}momentum {recipe.momentum:g}"
    if recipe.optimizer:
        optimizer = _describe_part(recipe.optimizer)
    added = [
        *([_describe_schedule(recipe.schedule)] if recipe.schedule else []),
        *(["no decay of norms and biases"] if recipe.decay == "weights" else []),
        *([f"label smoothing {recipe.label_smoothing:g}"] if recipe.label_smoothing else []),
        *([f"mixup {recipe.mixup:g}"] if recipe.mixup else []),
        *([f"cutmix {recipe.cutmix:g}"] if recipe.cutmix else []),
        *([f"gradients of at most {recipe.gradient_clip:g}"] if recipe.gradient_clip else []),
        *([f"averaged weights (decay {recipe.ema_decay:g})"] if recipe.ema_decay else []),
        *([f"loss {_describe_part(recipe.loss)}"] if recipe.loss else []),
    ]
    parts = [
        f"{recipe.name}: {recipe.epochs} epochs",
        f"batch size {recipe.batch_size}",
        f"learning rate {recipe.learning_rate:g}{f' ({drops})' if drops else ''}",
        optimizer,
        f"weight decay {recipe.weight_decay:g}",
        *added,
    ]
    return ", ".join(parts)


def _describe_schedule(schedule: dict[str, Any]) -> str:
    """Describe a schedule by its name, and what is not usual of it."""
    name = str(schedule.get("name", "steps")).replace("_", " ")
    others = [
        f"{key.replace('_', ' ')} {_describe_part(value) if isinstance(value, dict) else value}"
        for key, value in schedule.items()
        if key != "name"
    ]
    told = ", ".join(others)
    return f"schedule {name}{f' ({told})' if told else ''}"


def _describe_part(part: dict[str, Any]) -> str:
    """Describe a class of the user's by its full name and arguments."""
    arguments = ", ".join(f"{key}={value}" for key, value in part.items() if key != TARGET)
    return f"{part[TARGET]}({arguments})"


def _evaluated_in_full(record: Record) -> str:
    evaluated = describe_evaluated(record.evaluate_every).removeprefix("evaluated ")
    return f"{evaluated} and after the last" if evaluated else "after every epoch"


def _describe_dates(records: Sequence[Record]) -> str:
    dates = sorted(record.started_at for record in records)
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]} and {dates[-1]}"
