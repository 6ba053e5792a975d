"""`execution=auto`: time the execution plans of a run's members, and choose the fastest.

The timing takes at most a tenth of the run. It is stored, so the next run of the same design on the
same device needs none.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.execution_plan import ExecutionPlan, candidate_plans
from ensemble_switchover.config.make_recipe import is_elementwise
from ensemble_switchover.errors import ProcessEndedError
from ensemble_switchover.machine.caches import cache_root, optional_cache
from ensemble_switchover.machine.cgroups import read_throttling
from ensemble_switchover.machine.terminal import duration
from ensemble_switchover.machine.worker_processes import WorkerProcesses
from ensemble_switchover.measurement.disturbance import (
    TOLERATED_WAIT,
    thread_times,
    waiting_share,
)
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.planning.cost import USABLE_MEMORY_SHARE, memory_bytes
from ensemble_switchover.planning.execution_timings import (
    StepTimings,
    read_timings,
    timings_subject,
    write_timings,
)
from ensemble_switchover.runner.timed_steps import TimedSteps
from ensemble_switchover.training.device import choose_device, num_device_slots, slot_device
from ensemble_switchover.training.member_processes import threads_each
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)

SHARE_OF_RUN = 0.1
"""Share of a run's training that the timing may take."""
MAX_SECONDS = 10.0
"""Seconds of a timing of more than `MIN_ROUNDS` rounds."""
WARM_UP_ROUNDS, MIN_ROUNDS, MAX_ROUNDS = 1, 3, 15
LONG_SECONDS = 60.0
"""Seconds of training above which processes are worth their start, and are timed."""
PROCESS_SECONDS = 2.0
"""Seconds for which processes step side by side while they are timed."""


def choose_execution_plan(
    spec: RunSpec, device: torch.device, precision: Precision
) -> ExecutionPlan:
    """Choose the fastest plan to execute a run's members on this device."""
    plans = _possible_plans(spec, device, precision)
    subject = timings_subject(spec, device.type, device_name(device))
    stored = read_timings(subject, spec.dataset.cache)
    if stored is None:
        date = datetime.now(UTC).date().isoformat()
        stored = StepTimings(subject=subject, torch=version("torch"), date=date)
    begin, waited, held_back = perf_counter(), thread_times(), read_throttling()
    timings = _complete(stored, spec, plans, device, precision)
    if timings is None:
        _logger.info("execution=auto: sequential; the run is too short to try others")
        return ExecutionPlan()
    source = "kept from before"
    if timings != stored:
        is_disturbed = waiting_share(waited, thread_times()) > TOLERATED_WAIT
        is_disturbed |= read_throttling().times > held_back.times
        disturbed = "not kept: other programs or a quota took its processors"
        fate = disturbed if is_disturbed else _store(timings, spec.dataset.cache)
        source = f"tried for {duration(perf_counter() - begin)}, and {fate}"
    chosen = timings.fastest(plans, spec.num_steps)
    _logger.info(
        f"execution=auto: {chosen.label}; {_gain(timings, chosen, spec.num_steps)} ({source})"
    )
    return chosen


def _gain(timings: StepTimings, chosen: ExecutionPlan, num_steps: int) -> str:
    """Describe how much faster than sequential the chosen plan is."""
    if chosen == ExecutionPlan():
        return "the fastest here"
    sequential_seconds = timings.run_seconds(ExecutionPlan(), num_steps)
    ratio = sequential_seconds / timings.run_seconds(chosen, num_steps)
    return f"{ratio:.2f} times as fast as sequential"


def _store(timings: StepTimings, cache: str | None) -> str:
    """Store timings; return a phrase that says whether they were stored."""
    is_kept = False
    with optional_cache(cache_root(cache)):
        write_timings(timings, cache)
        is_kept = True
    return "kept" if is_kept else "not kept: nothing can be cached"


def _possible_plans(
    spec: RunSpec, device: torch.device, precision: Precision
) -> list[ExecutionPlan]:
    """List the plans that the precision allows and whose memory the device has."""
    available = device_memory_bytes(device)

    def fits(plan: ExecutionPlan) -> bool:
        if plan == ExecutionPlan() or available is None:
            return True
        needed = memory_bytes(spec, plan, device.type, available)
        return needed <= USABLE_MEMORY_SHARE * available

    # a callback sees all members, and a process holds some of them
    num_slots = 1 if spec.callbacks else num_device_slots(device)
    plans = candidate_plans(spec.design.k, num_slots)
    apart = precision.scales_loss or not is_elementwise(spec.recipe.optimizer)
    allowed = [plan for plan in plans if not (apart and plan.shares_steps)]
    return [plan for plan in allowed if fits(plan)]


def _complete(
    timings: StepTimings,
    spec: RunSpec,
    plans: Sequence[ExecutionPlan],
    device: torch.device,
    precision: Precision,
) -> StepTimings | None:
    """Time the plans that were not timed before; None if the run is too short for that."""
    in_process = [plan for plan in plans if plan.processes == 1]
    if any(plan.label not in timings.step_seconds for plan in in_process):
        seconds = _time_in_process(spec, in_process, device, precision)
        if seconds is None:
            return None
        timings = replace(timings, step_seconds={**timings.step_seconds, **seconds})
    if min(timings.run_seconds(plan, spec.num_steps) for plan in in_process) <= LONG_SECONDS:
        return timings
    for plan in plans:
        if plan.processes > 1 and plan.label not in timings.step_seconds:
            within = timings.step_seconds.get(ExecutionPlan(plan.within).label)
            is_possible = within is not None or not plan.shares_steps
            timed = _time_processes(spec, plan, device) if is_possible else None
            step, start = timed or (None, 0.0)
            timings = replace(
                timings,
                step_seconds={**timings.step_seconds, plan.label: step},
                start_seconds={**timings.start_seconds, plan.label: start},
            )
    return timings


def _time_in_process(
    spec: RunSpec,
    plans: Sequence[ExecutionPlan],
    device: torch.device,
    precision: Precision,
) -> dict[str, float | None] | None:
    """Time the plans of one process alternately; None if that would take too much of the run.

    Returns:
        Seconds for all members to take one step, by the plans' labels; None where a plan is
        impossible.
    """
    k, clock = spec.design.k, synchronised_clock(device)
    begin = clock()
    sequential = TimedSteps(spec, ExecutionPlan(), device, precision)
    sequential.step()
    build_seconds = clock() - begin
    begin = clock()
    sequential.step()
    step_seconds = clock() - begin
    rounds = _num_rounds(
        run_seconds=spec.num_steps * k * step_seconds,
        build_seconds=build_seconds * (len(plans) - 1),
        round_seconds=sum(plan.members_at_once(k) for plan in plans) * step_seconds,
    )
    if rounds < MIN_ROUNDS:
        return None
    timed = {ExecutionPlan(): sequential}
    for plan in plans[1:]:
        steps = _build(spec, plan, device, precision)
        if steps is not None:
            timed[plan] = steps
    seconds: dict[ExecutionPlan, list[float]] = {plan: [] for plan in timed}
    for number in range(WARM_UP_ROUNDS + rounds):
        for plan, steps in timed.items():
            begin = clock()
            steps.step()
            if number >= WARM_UP_ROUNDS:
                seconds[plan].append(clock() - begin)
    timed.clear()
    if device.type == "cuda":
        torch.cuda.empty_cache()  # so that training has the memory that the timing took
    return {
        plan.label: plan.turns(k) * median(seconds[plan]) if plan in seconds else None
        for plan in plans
    }


def _num_rounds(run_seconds: float, build_seconds: float, round_seconds: float) -> int:
    """Return how many rounds are timed, at most; fewer than `MIN_ROUNDS` are too few."""
    affordable = int((SHARE_OF_RUN * run_seconds - build_seconds) / round_seconds) - WARM_UP_ROUNDS
    return min(affordable, max(MIN_ROUNDS, int(MAX_SECONDS / round_seconds)), MAX_ROUNDS)


def _build(
    spec: RunSpec, plan: ExecutionPlan, device: torch.device, precision: Precision
) -> TimedSteps | None:
    """Build the members of a plan and take a step; None if it has no fused form or does not fit."""
    try:
        steps = TimedSteps(spec, plan, device, precision)
        steps.step()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    except NoFusedFormError:
        return None
    return steps


def _time_processes(
    spec: RunSpec, plan: ExecutionPlan, device: torch.device
) -> tuple[float, float] | None:
    """Time processes that step side by side.

    Returns:
        Seconds for all members to take a step, and seconds until all processes were ready; None
        if a process ended early, because it was killed or the plan is impossible.
    """
    try:
        return _time_worker_processes(spec, plan, device)
    except ProcessEndedError:
        return None


def _time_worker_processes(
    spec: RunSpec, plan: ExecutionPlan, device: torch.device
) -> tuple[float, float]:
    threads = threads_each(plan.processes)
    with WorkerProcesses() as workers:
        for number in range(plan.processes):
            workers.start("a timing", _time_steps, spec, plan, device.type, number, threads)
            if number == 0:
                begin = perf_counter()  # a server has imported torch by now
        for number in range(len(workers)):
            workers.receive(number)
        start_seconds = perf_counter() - begin
        for number in range(len(workers)):
            workers.send(number, b"go")
        slowest = max(float(workers.receive(number)) for number in range(len(workers)))
    return plan.turns(spec.design.k) * slowest, start_seconds


def _time_steps(
    connection: Connection,
    spec: RunSpec,
    plan: ExecutionPlan,
    device_type: str,
    number: int,
    threads: int,
) -> None:
    """Step for a while beside the other processes, and send the median seconds of a step."""
    torch.set_num_threads(threads)
    device = slot_device(choose_device(device_type), number)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    steps = _build(spec, plan, device, use_precision(spec.precision, device))
    if steps is None:
        return  # the parent notices that this process has ended
    steps.step()
    clock = synchronised_clock(device)
    clock()
    connection.send_bytes(b"ready")
    connection.recv_bytes()
    end = clock() + PROCESS_SECONDS
    seconds: list[float] = []
    while len(seconds) < MIN_ROUNDS or clock() < end:
        begin = clock()
        steps.step()
        seconds.append(clock() - begin)
    connection.send_bytes(str(median(seconds)).encode())
