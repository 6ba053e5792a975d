"""Times of training steps and predictions of an ensemble, in every execution there is.

An item times its sides alternately with the reference, members one after another, not compiled; so
ratios to it compare across items. Compiling and the first step are told apart.
"""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.common import alternate
from benchmarks.execution import REFERENCE, SINGLE, steps_per_round
from benchmarks.gpu_day.cases import BATCH_SIZE, CLASSES, NETWORKS, PRECISIONS, Case
from benchmarks.gpu_day.item import CutOff, Item, Stage
from benchmarks.sides import InProcess, InProcesses
from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.device import num_device_slots
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.gpu_day.item import Circumstances, Settings
    from benchmarks.sides import Side

ROUNDS = {False: 5, True: 2}
"""By whether the day is tiny."""
ROUND_SECONDS = {False: 0.2, True: 0.01}
"""The time that the reference trains in a round."""
EAGER, COMPILED = "eager", "compiled"
TRAINING, INFERENCE = "training", "inference"
CHANNELS_LAST = ExecutionPlan(channels_last=True)
COMPILED_LIMIT_SECONDS = 90.0
"""Compiling included."""


def measure_case(case: Case, what: str, how: str, here: Circumstances) -> dict[str, Any]:
    """Time a case: all plans for `eager`, else the one side whose label `how` is, compiled.

    Returns:
        The design; the seconds of every side in every round, by its label; of training, the steps
        of a round, the bytes of a step at its peak, and how often a step waits for the device.

    Raises:
        CutOff: if the time was over before a round was timed.
    """
    precision = use_precision(case.precision, here.device)
    spec, single = case.resolve(tiny=here.tiny)
    compiled_spec, compiled_single = case.resolve(tiny=here.tiny, compiled=True)
    makers: dict[str, Callable[[], Side]] = {}
    in_process = partial(
        InProcess,
        device=here.device,
        precision=precision,
        predicted_images=BATCH_SIZE[here.tiny],
    )
    makers[REFERENCE] = partial(in_process, spec, ExecutionPlan())
    if how == EAGER:
        for plan in candidate_plans(spec.design.k, num_device_slots(here.device))[1:]:
            makers[plan.label] = (
                partial(InProcesses, spec, plan, here.device)
                if plan.processes > 1
                else partial(in_process, spec, plan)
            )
        for plan in candidate_plans(1, 1):
            makers[f"{SINGLE}, {plan.label}"] = partial(in_process, single, plan)
    else:
        label = how.removesuffix(f", {COMPILED}")
        is_single = label.startswith(SINGLE)
        plan = ExecutionPlan.named(label.removeprefix(f"{SINGLE}, "))
        makers[how] = partial(in_process, compiled_single if is_single else compiled_spec, plan)
    design = spec.design
    values: dict[str, Any] = {
        "family": spec.family.name, "depth": design.depth, "width": design.width, "k": design.k,
        "budget_fill": design.budget_fill, "batch_size": spec.recipe.batch_size,
        "first_step_seconds": {}, "left_out": {},
    }  # fmt: skip
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        for label, make in makers.items():
            side = _made(label, make, what, values, here)
            if side is not None:
                stack.callback(side.close)
                sides[label] = side
        if len(sides) < 2 or REFERENCE not in sides:
            raise RuntimeError("; ".join(f"{k}: {v}" for k, v in values["left_out"].items()))
        if here.seconds_left <= 0:
            raise CutOff("the time was over when its sides were ready")
        _time(sides, what, values, here)
    return values


def _made(
    label: str,
    make: Callable[[], Side],
    what: str,
    values: dict[str, Any],
    here: Circumstances,
) -> Side | None:
    """Make a side and have it take a first step; note how long that took, or why it cannot."""
    begin = monotonic()
    try:
        side = make()
        if what == TRAINING:
            side.train(1)
        else:
            side.predict()
    except (RuntimeError, MemoryError, TypeError, ConfigError) as error:
        text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        values["left_out"][label] = text[:200]
        if here.device.type == "cuda":
            torch.cuda.synchronize(here.device)  # raises if the device is lost: nothing else works
            torch.cuda.empty_cache()
        return None
    values["first_step_seconds"][label] = round(monotonic() - begin, 3)
    return side


def _time(sides: dict[str, Side], what: str, values: dict[str, Any], here: Circumstances) -> None:
    clock = synchronised_clock(here.device)
    rounds = {"rounds": ROUNDS[here.tiny], "warm_up_rounds": 1, "until": here.deadline - 1}
    if what == INFERENCE:
        bodies: dict[str, Callable[[], object]] = {
            label: side.predict for label, side in sides.items()
        }
        values["images"] = values["batch_size"]
        values["seconds"] = alternate(bodies, clock, **rounds)  # type: ignore[arg-type]
        return
    num_steps = steps_per_round(sides[REFERENCE], clock, ROUND_SECONDS[here.tiny])
    bodies = {label: partial(side.train, num_steps) for label, side in sides.items()}
    values["steps"] = num_steps
    values["seconds"] = alternate(bodies, clock, **rounds)  # type: ignore[arg-type]
    values["peak_bytes"] = {label: side.peak_bytes() for label, side in sides.items()}
    if here.device.type == "cuda":
        values["waits_per_step"] = {
            label: count_waits(partial(side.train, 1))
            for label, side in sides.items()
            if isinstance(side, InProcess)
        }


def count_waits(step: Callable[[], object]) -> int:
    """Count how often a step waits for a CUDA device, as torch itself reports it."""
    mode = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            step()
    finally:
        torch.cuda.set_sync_debug_mode(mode)
    return sum("synchronizing" in str(warning.message) for warning in caught)


def _items(settings: Settings) -> Iterator[Item]:
    networks = NETWORKS[settings.tiny]

    def item(case: Case, what: str, how: str) -> Item:
        limit = 60.0 if how == EAGER else COMPILED_LIMIT_SECONDS
        return Item(case.item(what, how), partial(measure_case, case, what, how), limit)

    def cases(design_class: str, *precisions: str) -> list[Case]:
        return [Case(one, design_class, each) for each in precisions for one in networks]

    compiled = compiled_labels()
    yield from (item(case, TRAINING, EAGER) for case in cases("deq", *PRECISIONS))
    yield from (item(case, INFERENCE, EAGER) for case in cases("deq", "32", "bf16"))
    yield from (item(case, TRAINING, EAGER) for case in cases("weq", "32"))
    for case in cases("deq", "bf16"):
        yield from (item(case, TRAINING, how) for how in compiled)
    yield from (item(case, TRAINING, EAGER) for case in cases("weq", "bf16", "tf32"))
    yield from (item(case, INFERENCE, EAGER) for case in cases("weq", "32", "bf16"))
    for design_class in CLASSES:
        for case in cases(design_class, *PRECISIONS):
            if (design_class, case.precision) != ("deq", "bf16"):
                yield from (item(case, TRAINING, how) for how in compiled)
    for design_class in CLASSES:
        for case in cases(design_class, *PRECISIONS):
            yield from (item(case, INFERENCE, how) for how in compiled)
            if case.precision == "tf32":
                yield item(case, INFERENCE, EAGER)


def compiled_labels() -> list[str]:
    """List the sides that are compiled: every plan of one process, and the single network's.

    The plans are the package's: a file that is added to `training/execution/` is timed too.
    """
    plans = sorted(candidate_plans(2, 1), key=lambda plan: (not plan.channels_last, plan.label))
    labels = [*(plan.label for plan in plans), f"{SINGLE}, {CHANNELS_LAST.label}"]
    return [f"{label}, {COMPILED}" for label in labels]


def make_stage(settings: Settings) -> Stage:
    """Make the stage, with the items in the order of their importance."""
    return Stage("step times", 0.42, tuple(_items(settings)))
