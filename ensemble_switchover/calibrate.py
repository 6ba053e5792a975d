"""Time a few designs on this machine's device, so that `plan` can predict the others."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.data.batches import Normalisation, TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.networks import build_member
from ensemble_switchover.planning.calibration import (
    VERSION,
    Calibration,
    Conditions,
    Observation,
    add_observations,
    calibration_folder,
)
from ensemble_switchover.planning.cost import batch_size_of, count_work, design_text
from ensemble_switchover.planning.machine import conditions_of
from ensemble_switchover.planning.workload import Pass
from ensemble_switchover.run import augmentation_of, choose_device, set_precision
from ensemble_switchover.terminal import digits
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import make_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from ensemble_switchover.cell import Cell
    from ensemble_switchover.training.execution import Execution

MIN_REPEATS, MAX_REPEATS = 3, 12
WARM_UP_STEPS = 2
LEAST_DESIGNS = 3
"""As many as there are rates to fit; they are timed however long it takes."""


def calibrate(cells: Sequence[Cell], max_seconds: float, tell: Callable[[str], None]) -> None:
    """Time designs of the cells, the most different ones first, and keep the calibration.

    Every set of conditions among the cells has its share of the seconds.

    Raises:
        ConfigError: if this machine does not have the device or the precision.
    """
    by_conditions: dict[Conditions, list[Cell]] = {}
    for cell in cells:
        device = choose_device(cell.device)
        conditions = conditions_of(cell, device.type, device_name(device))
        by_conditions.setdefault(conditions, []).append(cell)
    for conditions, part in by_conditions.items():
        _calibrate(conditions, part, max_seconds / len(by_conditions), tell)


def spread_out(cells: Sequence[Cell]) -> Iterator[Cell]:
    """Give one cell of every design, each time the one that differs most from those before.

    Designs differ by the logarithms of what a training step of a member has to do; every family
    comes once before any comes twice.
    """
    designs = {design_text(cell, Pass.TRAINING): cell for cell in cells}
    left = {text: _position(cell) for text, cell in designs.items()}
    distances = dict.fromkeys(left, math.inf)
    families: set[str] = set()
    while left:
        fresh = [text for text in left if designs[text].family.name not in families]
        chosen = max(fresh or left, key=distances.__getitem__)
        place = left.pop(chosen)
        families.add(designs[chosen].family.name)
        for text, other in left.items():
            distances[text] = min(distances[text], math.dist(other, place))
        yield designs[chosen]


def time_design(
    cell: Cell, device: torch.device, dtype: torch.dtype, max_seconds: float
) -> dict[Pass, list[float]]:
    """Time training steps and predictions of the members that share them, on images of noise.

    The steps are those of the cell's execution, with its batches and augmentation.

    Returns:
        Seconds of every repeat, of each pass.
    """
    clock = synchronised_clock(device)
    group = tuple(range(cell.members_at_once))
    members = _members(cell, device, dtype)
    execution = _execute(cell, members, device)
    mixed = torch.autocast(device.type, torch.bfloat16) if cell.precision == "bf16" else None
    with mixed or nullcontext():
        execution.prepare(group)
        step = _training_step(cell, execution, device, dtype)
        times = {Pass.TRAINING: _repeat(step, max_seconds, clock)}
        execution.release()
        for member in members:
            member.eval()
        for timed in (Pass.ONE, Pass.MANY):
            images = torch.randn(
                (batch_size_of(cell, timed), cell.task.channels, cell.task.size, cell.task.size),
                device=device,
                dtype=dtype,
            )
            with torch.inference_mode():
                predict = partial(execution.logits, group, images)
                times[timed] = _repeat(predict, max_seconds / 4, clock)
    return times


def _members(cell: Cell, device: torch.device, dtype: torch.dtype) -> list[torch.nn.Module]:
    design = cell.design
    return [
        build_member(cell.family, design.depth, design.width, cell.task, seed).to(device, dtype)
        for seed in range(cell.members_at_once)
    ]


def _execute(cell: Cell, members: Sequence[torch.nn.Module], device: torch.device) -> Execution:
    optimizers = [make_optimizer(member, cell.recipe) for member in members]
    executed = EXECUTIONS[cell.execution]
    return executed(members, optimizers, device, compiled=cell.compile)


def _calibrate(
    conditions: Conditions, cells: Sequence[Cell], max_seconds: float, tell: Callable[[str], None]
) -> None:
    device = choose_device(cells[0].device)
    if conditions.threads is not None:
        torch.set_num_threads(conditions.threads)
    dtype = set_precision(conditions.precision, device)
    designs = list(spread_out(cells))
    begin = time.monotonic()
    for number, cell in enumerate(designs):
        left = max_seconds - (time.monotonic() - begin)
        if number >= LEAST_DESIGNS and left <= 0:
            tell(f"calibration: {number} of {len(designs)} designs in {max_seconds:.0f} s")
            break
        share = max(left, 1.0) / (len(designs) - number)
        observations = _observe(cell, device, dtype, min(share, max_seconds / LEAST_DESIGNS), tell)
        if not observations:
            continue
        add_observations(
            Calibration(
                version=VERSION,
                conditions=conditions,
                date=datetime.now(UTC).date().isoformat(),
                torch=torch.__version__,
                memory_bytes=device_memory_bytes(device),
                observations=observations,
            ),
            calibration_folder(),
        )


def _observe(
    cell: Cell,
    device: torch.device,
    dtype: torch.dtype,
    max_seconds: float,
    tell: Callable[[str], None],
) -> list[Observation]:
    text = design_text(cell, Pass.TRAINING)
    try:
        times = time_design(cell, device, dtype, max_seconds)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        tell(f"calibration: {text} does not fit into memory; left out")
        return []
    observations = []
    for timed, seconds in times.items():
        lower, _, upper = quantiles(seconds, n=4, method="inclusive")
        observations.append(
            Observation(
                design=design_text(cell, timed),
                family=cell.family.name,
                timed=timed,
                work=count_work(cell, timed),
                median_seconds=median(seconds),
                lower_seconds=lower,
                upper_seconds=upper,
                repeats=len(seconds),
            )
        )
    tell(f"calibration: {text}: {digits(1000 * observations[0].median_seconds, 3)} ms a step")
    return observations


def _training_step(
    cell: Cell, execution: Execution, device: torch.device, dtype: torch.dtype
) -> Callable[[], object]:
    """Return what takes the next training step, with the batch's augmentation."""
    group = tuple(range(cell.members_at_once))
    noise = _noise(cell, device, (WARM_UP_STEPS + MAX_REPEATS) * cell.recipe.batch_size)
    batches = iter(
        TrainingBatches(
            noise,
            groups=(group,),
            member_seeds=group,
            batch_size=cell.recipe.batch_size,
            augmentation=augmentation_of(cell),
            normalisation=Normalisation.of(noise.images),
            dtype=dtype,
            epoch=lambda: 0,
        )
    )

    def step() -> None:
        batch = next(batches)
        execution.train_step(batch.members, batch.images, batch.labels)

    return step


def _repeat(
    body: Callable[[], object], max_seconds: float, clock: Callable[[], float]
) -> list[float]:
    for _ in range(WARM_UP_STEPS):
        body()
    begin = clock()
    times: list[float] = []
    while len(times) < MAX_REPEATS and (len(times) < MIN_REPEATS or clock() - begin < max_seconds):
        start = clock()
        body()
        times.append(clock() - start)
    return times


def _noise(cell: Cell, device: torch.device, num_images: int) -> ImageSet:
    task = cell.task
    shape = (num_images, task.channels, task.size, task.size)
    images: Tensor = torch.randint(0, 256, shape, dtype=torch.uint8)
    labels = torch.randint(0, task.num_classes, (num_images,))
    return ImageSet(images, labels).to(device)


def _position(cell: Cell) -> tuple[float, ...]:
    return tuple(math.log(count) for count in count_work(cell, Pass.TRAINING).features)
