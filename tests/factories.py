"""Synthetic records: real designs of the solver, made-up test errors and seconds."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from ensemble_switchover.design import (
    BudgetRule,
    DesignClass,
    ImageTask,
    budget_of_network,
    make_family,
    solve,
)
from ensemble_switchover.results.epoch_metrics import EpochRecord, not_evaluated
from ensemble_switchover.results.record import (
    SCHEMA_VERSION,
    BudgetRecord,
    DatasetRecord,
    DesignRecord,
    EnvironmentRecord,
    LatencyRecord,
    LayerTimeRecord,
    RecipeRecord,
    Record,
    SecondsRecord,
    TimingPassRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

DesignClassName = Literal["single", "deq", "weq"]

WIDTHS = (8, 10, 12, 14, 16)
"""Widths of the single networks of a small study; at depth 26 all have both ensembles at k = 4."""


def write_signed(path: Path, values: dict[str, Any]) -> None:
    """Write the values of a `record.json` with the checksum that its writer would give it."""
    text = json.dumps({**values, "sha256": "0" * 64}, indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(re.sub(r'"sha256": "0{64}"', f'"sha256": "{digest}"', text))


def make_record(
    *,
    design_class: DesignClassName = "single",
    depth: int = 26,
    width: int = 12,
    seed: int = 0,
    k: int = 4,
    source: Literal["rule", "published", "nearest"] = "rule",
    family: str = "resnet",
    family_options: dict[str, Any] | None = None,
    test_errors: Sequence[float] = (40.0, 20.0, 10.0),
    evaluate_every: str = "1",
    epoch_seconds: Sequence[float] | None = None,
    member_error_excess: float = 2.0,
    peak_device_bytes: int | None = None,
    peak_rss_bytes: int | None = 300 * 1024**2,
    latencies: Mapping[int, float] | None = None,
    fused_latencies: Mapping[int, float] | None = None,
    dataset: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    name: str | None = None,
    study: str = "demo",
) -> Record:
    """Make a record of a run whose test errors after each epoch are given.

    Args:
        design_class: The design class.
        depth: Depth of the single network that states the budget.
        width: Width of the single network that states the budget.
        seed: The run's seed.
        k: Number of members; a single network has one.
        source: How the design follows from the budget.
        family: The family of networks.
        family_options: The family's options.
        test_errors: Percent, one per epoch.
        evaluate_every: Number of epochs after which errors are measured, and after the last.
        epoch_seconds: Training seconds, one per epoch; the first is the warm-up. By default 5 s and
            then 1 s per member.
        member_error_excess: Percentage points by which each member is worse than the ensemble.
        peak_device_bytes: Peak bytes on the device, in every epoch.
        peak_rss_bytes: Peak resident bytes, in every epoch.
        latencies: Batch size -> milliseconds per image.
        fused_latencies: The same of the execution `fused`, the fastest; default: none was faster.
        dataset: Fields of the data set that differ from the 8x8 digits.
        recipe: Fields of the recipe that differ.
        environment: Fields of the environment that differ from one CPU thread.
        name: The run's name.
        study: The study's name.
    """
    images = DatasetRecord(
        **{
            "name": "digits",
            "num_classes": 10,
            "channels": 1,
            "image_size": 8,
            "train_size": 300,
            "test_size": 1497,
            "augmentation": "none",
            "crop_padding": 4,
            "flip": False,
            "split_seed": 0,
            **(dataset or {}),
        }
    )
    task = ImageTask(images.channels, images.image_size, images.num_classes)
    networks = make_family(family, family_options or {})
    budget = budget_of_network(networks, depth, width, task)
    design = solve(networks, budget, DesignClass(design_class), k, task, BudgetRule(source))
    if epoch_seconds is None:
        epoch_seconds = [5.0 if epoch == 0 else design.k for epoch in range(len(test_errors))]
    run_recipe = RecipeRecord(
        **{
            "name": "custom",
            "epochs": len(test_errors),
            "batch_size": 64,
            "learning_rate": 0.1,
            "drops": [(len(test_errors) // 2, 0.01)],
            "momentum": 0.9,
            "nesterov": False,
            "weight_decay": 1e-4,
            **(recipe or {}),
        }
    )
    run_environment = EnvironmentRecord(
        **{
            "device": "cpu",
            "device_name": "Example CPU",
            "execution": "sequential",
            "execution_requested": "sequential",
            "precision": "float32",
            "compiled": False,
            "num_threads": 1,
            "concurrent_jobs": 2,
            "host_load": 1.5,
            "platform": "Linux",
            "versions": {"python": "3.11", "torch": "2.15"},
            "commit": "abc1234",
            **(environment or {}),
        }
    )
    milliseconds = {1: 2.0, 128: 0.25} if latencies is None else latencies
    return Record(
        schema_version=SCHEMA_VERSION,
        name=name or f"{family}-{images.name}-{depth}x{width}-{design_class}-k{design.k}-s{seed}",
        fingerprint=f"{design_class}-{depth}-{width}-{design.k}-{seed}",
        study=study,
        seed=seed,
        member_seeds=list(range(seed, seed + design.k)),
        budget=BudgetRecord(depth=depth, width=width, parameters=budget.parameters),
        design=DesignRecord(
            family=family,
            family_options=networks.options,
            design_class=design_class,
            depth=design.depth,
            width=design.width,
            k=design.k,
            member_parameters=design.member_parameters,
            parameters=design.parameters,
            budget_fill=design.budget_fill,
            member_flops=design.member_flops,
            source=source,
        ),
        dataset=images,
        recipe=run_recipe,
        evaluate_every=evaluate_every,
        environment=run_environment,
        latencies=[
            *(_latency(size, value) for size, value in milliseconds.items()),
            *(_latency(size, value, "fused") for size, value in (fused_latencies or {}).items()),
        ],
        layer_times=[_layer_time("convolution", 1.0 * design.depth), _layer_time("linear", 3.0)],
        epochs=[
            _epoch(
                number,
                error,
                seconds,
                design.k,
                error + (member_error_excess if design.k > 1 else 0.0),
                peak_device_bytes,
                peak_rss_bytes,
            )
            if number % int(evaluate_every) == 0 or number == len(test_errors)
            else _epoch_without_evaluation(number, seconds, design.k, peak_rss_bytes)
            for number, (error, seconds) in enumerate(
                zip(test_errors, epoch_seconds, strict=True), start=1
            )
        ],
        config={},
        started_at="2026-01-02T03:04:05+00:00",
        wall_seconds=12.0,
    )


def of_timing_pass(
    record: Record, training_seconds: Sequence[float] | None = None, num_seeds: int = 4
) -> Record:
    """Return the record as a sweep leaves it that trains seeds together: with times of a pass.

    Args:
        record: A record with its own times.
        training_seconds: Seconds of each timed epoch; by default about those of the last epoch.
        num_seeds: Number of seeds that were trained together, the record's own the smallest.
    """
    design = record.design
    if training_seconds is None:
        last = record.epochs[-1].training_seconds
        training_seconds = [1.5 * last, 1.25 * last, last]
    ensembles = [f"{name} k={design.k}" for name in ("deq", "weq") if design.k > 1]
    timing_pass = TimingPassRecord(
        seeds=list(range(record.seed, record.seed + num_seeds)),
        num_members=num_seeds * design.k,
        beside=["single k=1", *ensembles],
        timed_steps=2,
        epoch_steps=5,
        training_seconds=list(training_seconds),
        evaluation_seconds=[0.2, 0.3, 0.1],
    )
    seconds = median(training_seconds)
    epochs = [
        replace(
            epoch,
            training_seconds=seconds,
            member_training_seconds=[seconds / design.k] * design.k,
            evaluation_seconds=0.2,
            warm_up=False,
            together=True,
        )
        for epoch in record.epochs
    ]
    return replace(
        record,
        environment=replace(record.environment, times_of="timing pass"),
        timing_pass=timing_pass,
        seconds=SecondsRecord(
            waiting=1.5, training=0.75 * record.wall_seconds, timing=0.25 * record.wall_seconds
        ),
        epochs=epochs,
    )


def with_parameters(record: Record, parameters: int) -> Record:
    """Return the record with another budget, to plant budgets of equal parameters."""
    return replace(record, budget=replace(record.budget, parameters=parameters))


def make_study(
    error: Callable[[str, int, int, int], float],
    *,
    widths: Sequence[int] = WIDTHS,
    num_epochs: int = 6,
    seeds: Iterable[int] = (0, 1, 2),
    holes: Iterable[tuple[str, int]] = (),
    **overrides: Any,
) -> list[Record]:
    """Make the runs of a study of all three design classes.

    Args:
        error: `(design class, index of the width, epoch counted from 1, seed)` -> test error in
            percent.
        widths: Widths of the single networks.
        num_epochs: Number of epochs of every run.
        seeds: The seeds.
        holes: `(design class, index of the width)` of the ensembles that are not there.
        **overrides: Further arguments of `make_record`.
    """
    left_out = set(holes)
    classes: tuple[DesignClassName, ...] = ("single", "deq", "weq")
    return [
        make_record(
            design_class=design_class,
            width=width,
            seed=seed,
            test_errors=[error(design_class, i, e, seed) for e in range(1, num_epochs + 1)],
            **overrides,
        )
        for i, width in enumerate(widths)
        for design_class in classes
        if (design_class, i) not in left_out
        for seed in seeds
    ]


def planted_error(design_class: str, column: int, epoch: int, seed: int) -> float:
    """Return test errors whose switchover is known.

    deq beats the single network from the third width on and from epoch 4 on (one epoch earlier at
    the fourth and each later width); before, the single network wins. weq never does.
    """
    single = 40.0 - 2.0 * column - 3.0 * epoch + 0.3 * seed
    noise = 0.05 * ((seed * 7 + epoch * 3 + column) % 3)
    if design_class == "single":
        return single
    if design_class == "weq":
        return single + 4.0 + noise
    first = {2: 4, 3: 3, 4: 2}.get(column, 99)
    return single + (-3.0 if epoch >= first else 2.0) + noise


def _epoch(
    number: int,
    error: float,
    seconds: float,
    k: int,
    member_error: float,
    peak_device_bytes: int | None,
    peak_rss_bytes: int | None,
) -> EpochRecord:
    return EpochRecord(
        epoch=number,
        learning_rate=0.1,
        train_loss_nats=1.0 / number,
        training_seconds=seconds,
        member_training_seconds=[seconds / k] * k,
        warm_up=number == 1,
        evaluation_seconds=0.1,
        error_percent=error,
        member_error_percent=[member_error] * k,
        nll_nats=error / 50.0,
        brier=error / 100.0,
        ece=0.05,
        ece_bins="closed",
        disagreement=0.1 if k > 1 else None,
        peak_device_bytes=peak_device_bytes,
        peak_reserved_bytes=peak_device_bytes,
        peak_rss_bytes=peak_rss_bytes,
    )


def _epoch_without_evaluation(
    number: int, seconds: float, k: int, peak_rss_bytes: int | None
) -> EpochRecord:
    measured = _epoch(number, 0.0, seconds, k, 0.0, None, peak_rss_bytes)
    without: dict[str, Any] = not_evaluated()
    return replace(measured, evaluation_seconds=0.0, **without)


def _layer_time(kind: str, milliseconds: float) -> LayerTimeRecord:
    return LayerTimeRecord(
        kind=kind,
        num_layers=1,
        batch_size=64,
        repeats=5,
        median_ms=milliseconds,
        lower_quartile_ms=0.9 * milliseconds,
        upper_quartile_ms=1.1 * milliseconds,
    )


def _latency(batch_size: int, milliseconds: float, execution: str = "sequential") -> LatencyRecord:
    return LatencyRecord(
        execution=execution,
        batch_size=batch_size,
        repeats=20,
        median_ms_per_image=milliseconds,
        lower_quartile_ms_per_image=0.9 * milliseconds,
        upper_quartile_ms_per_image=1.2 * milliseconds,
    )
