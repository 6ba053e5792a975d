"""Predicted cost of a run: training steps, FLOPs, memory, seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import SEQUENTIAL, ExecutionPlan
from ensemble_switchover.config.image_placement import choose_residence, kept_image_bytes
from ensemble_switchover.machine.hardware import PROCESS_BYTES
from ensemble_switchover.planning.calibration import Calibration
from ensemble_switchover.planning.memory import training_peak_bytes
from ensemble_switchover.planning.workload import MANY_IMAGES, Pass, Workload, seconds, workload

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.design import Family, ImageTask
    from ensemble_switchover.planning.data_sheet import DataSheet

USABLE_MEMORY_SHARE = 0.8
"""Share of a device's memory that the tensors of all runs on it may take; the rest is for
workspaces, the allocator and other programs."""
RELATIVE_RATES = (2e6, 1.0, 0.0)
"""Relative cost of an operation, a FLOP and an element where no device was timed: starting an
operation takes about as long as 2 million FLOPs."""
_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedCost:
    """Predicted cost of a run; times are None where nothing is known of the device."""

    steps: int
    """Training steps of all members."""
    training_flops: float
    """Floating-point operations, forward and backward, of all members and epochs."""
    memory_bytes: int
    """Peak of all tensors on the device in a training step, with the images."""
    training_seconds: float | None
    evaluation_seconds: float | None
    """Evaluation on the test or validation images after every evaluated epoch, together."""
    one_image_ms: float | None
    """Prediction of a single image by all members."""
    many_images_ms: float | None
    """Prediction of an image by all members, in batches of `MANY_IMAGES`."""
    extrapolated: bool
    """Whether the seconds come from a calibration that timed no similar design."""


def predict_cost(
    spec: RunSpec,
    plan: ExecutionPlan,
    basis: Calibration | DataSheet | None,
    device: str,
    available_bytes: int | None = None,
) -> PredictedCost:
    """Predict what a run costs on a device.

    Args:
        spec: The run.
        plan: How its members are executed.
        basis: The timings or data sheet from which seconds are predicted.
        device: `cpu`, `cuda` or `mps`; members that wait for their turn leave all but a CPU.
        available_bytes: The size of the device's memory; None if it is unknown.
    """
    k = spec.design.k
    turns, served = plan.turns(k), replace(plan, processes=1).turns(k)
    step = predict_pass(spec, plan, Pass.TRAINING, basis)
    one, many = (predict_pass(spec, plan, timed, basis) for timed in (Pass.ONE, Pass.MANY))
    evaluated = len(spec.evaluated_epochs) * spec.sizes.evaluated / MANY_IMAGES
    return PredictedCost(
        steps=k * spec.num_steps,
        training_flops=spec.training_flops,
        memory_bytes=memory_bytes(spec, plan, device, available_bytes),
        training_seconds=None if step is None else turns * spec.num_steps * step,
        evaluation_seconds=None if many is None else turns * evaluated * many,
        one_image_ms=None if one is None else served * one * _MILLISECONDS,
        many_images_ms=None if many is None else served * many * _MILLISECONDS / MANY_IMAGES,
        extrapolated=_is_extrapolated(spec, plan, basis),
    )


def relative_training_cost(spec: RunSpec) -> float:
    """Estimate the cost of training all members; only ratios between runs are meaningful."""
    step = count_work(spec, ExecutionPlan(), Pass.TRAINING)
    return spec.design.k * spec.num_steps * seconds(RELATIVE_RATES, step)


def predict_pass(
    spec: RunSpec, plan: ExecutionPlan, timed: Pass, basis: Calibration | DataSheet | None
) -> float | None:
    """Predict the seconds of one pass of the members that share a step."""
    if basis is None:
        return None
    work = count_work(spec, plan, timed)
    if isinstance(basis, Calibration):
        return basis.predict(timed, design_text(spec, plan, timed), spec.family.name, work)
    return basis.predict(timed, work, spec.precision)


def _is_extrapolated(
    spec: RunSpec, plan: ExecutionPlan, basis: Calibration | DataSheet | None
) -> bool:
    timed = Pass.TRAINING
    return isinstance(basis, Calibration) and basis.is_extrapolated(
        timed, design_text(spec, plan, timed), spec.family.name, count_work(spec, plan, timed)
    )


def memory_bytes(
    spec: RunSpec, plan: ExecutionPlan, device: str, available_bytes: int | None
) -> int:
    """Return an upper bound of the bytes of all tensors on the device during training, from shapes.

    Mixed precision is counted as float32, although it takes less.

    Args:
        spec: The run.
        plan: How its members are executed.
        device: `cpu`, `cuda` or `mps`.
        available_bytes: The size of the device's memory, by which `dataset.residence=auto` decides;
            None if it is unknown.
    """
    at_once = plan.processes if device == "cpu" else 1
    return at_once * step_bytes(spec, plan) + _other_bytes(spec, plan, device, available_bytes)


def process_bytes(plan: ExecutionPlan, device: str) -> int:
    """Return the bytes of main memory that a plan's processes take beside tensors, on a CPU.

    >>> process_bytes(ExecutionPlan(), "cpu") == PROCESS_BYTES
    True
    >>> process_bytes(ExecutionPlan(), "cuda")
    0
    """
    if device != "cpu":
        return 0
    return PROCESS_BYTES * (plan.processes + (1 if plan.processes > 1 else 0))


def image_bytes(spec: RunSpec) -> int:
    """Return the bytes of a run's images and their labels."""
    task = spec.task
    num_images = spec.train_size + spec.sizes.evaluated
    return kept_image_bytes(num_images, task.channels, task.size)


def step_bytes(spec: RunSpec, plan: ExecutionPlan) -> int:
    """Return an upper bound of the bytes of a training step of the members that share it."""
    design, task = spec.design, spec.task
    size = (design.depth, design.width, task, spec.recipe.batch_size, item_bytes(spec))
    copies = plan.within == SEQUENTIAL and not plan.channels_last
    at_once = plan.members_at_once(design.k)
    kept = kept_beside_momentum(spec) * design.member_parameters * item_bytes(spec)
    return at_once * (shape_bytes(spec.family, *size, update_copies=copies) + kept)


def kept_beside_momentum(spec: RunSpec) -> int:
    """Return how many numbers a weight has beside itself, its gradient and its momentum."""
    recipe = spec.recipe
    more = sum(bool(recipe.optimizer.get(name)) for name in ("amsgrad", "centered", "momentum"))
    return bool(recipe.optimizer) + more + (recipe.ema_decay is not None)


def item_bytes(spec: RunSpec) -> int:
    """Return the bytes of one number of a run's weights and activations."""
    return 8 if spec.precision == "64" else 4


def _other_bytes(
    spec: RunSpec, plan: ExecutionPlan, device: str, available_bytes: int | None
) -> int:
    """Count the bytes on the device besides a step: images and, on a CPU, waiting members."""
    design, images = spec.design, image_bytes(spec)
    busy = plan.processes * plan.members_at_once(design.k)
    waiting = max(0, design.k - busy) if device == "cpu" else 0
    each = 3 + kept_beside_momentum(spec)
    members = each * waiting * design.member_parameters * item_bytes(spec)
    residence = spec.dataset.residence
    if available_bytes is not None:
        residence = choose_residence(residence, device, images, available_bytes).location
    return members + (0 if residence == "host" and device != "cpu" else images)


def largest_fitting_batch(
    spec: RunSpec, plan: ExecutionPlan, device: str, available_bytes: int
) -> int | None:
    """Halve the batch size until the run's tensors fit; None if not even a single image fits."""
    batch_size = spec.recipe.batch_size // 2
    while batch_size >= 1:
        smaller = replace(spec, recipe=replace(spec.recipe, batch_size=batch_size))
        if memory_bytes(smaller, plan, device, available_bytes) <= available_bytes:
            return batch_size
        batch_size //= 2
    return None


def batch_size_of(spec: RunSpec, timed: Pass) -> int:
    """Return the number of images in a pass."""
    return {Pass.TRAINING: spec.recipe.batch_size, Pass.ONE: 1, Pass.MANY: MANY_IMAGES}[timed]


def design_text(spec: RunSpec, plan: ExecutionPlan, timed: Pass) -> str:
    """Describe what a pass computes: design, images, batch size, members at once."""
    at_once = plan.members_at_once(spec.design.k)
    design, task = spec.design, spec.task
    options = "".join(f" {name}={value}" for name, value in spec.family.options.items())
    return (
        f"{spec.family.name}{options} {design.depth}x{design.width} on {task.channels} channels "
        f"of {task.size} pixels, {task.num_classes} classes, batch {batch_size_of(spec, timed)}"
        f"{f', {at_once} members at once' if at_once > 1 else ''}"
    )


def count_work(spec: RunSpec, plan: ExecutionPlan, timed: Pass) -> Workload:
    """Count the work of a forward pass of the members that share a step."""
    design = spec.design
    image = _image_work(spec.family, design.depth, design.width, spec.task)
    return image.of_batch(plan.members_at_once(design.k) * batch_size_of(spec, timed))


@lru_cache(maxsize=65536)
def _image_work(family: Family, depth: int, width: int, task: ImageTask) -> Workload:
    return workload(family.trace(depth, width, task))


@lru_cache(maxsize=65536)
def shape_bytes(
    family: Family,
    depth: int,
    width: int,
    task: ImageTask,
    batch_size: int,
    item_bytes: int,
    *,
    update_copies: bool = True,
) -> int:
    """Return an upper bound of the bytes of one member's training step, from shapes."""
    operations = family.trace(depth, width, task)
    return training_peak_bytes(operations, batch_size, item_bytes, update_copies=update_copies)
