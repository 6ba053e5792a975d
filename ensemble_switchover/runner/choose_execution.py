"""`execution=auto`: times the ways to execute a run's members, and chooses.

A probe takes at most a tenth of the run that it is for; it is kept, and the next run of the same
design on the same device does without.
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
from ensemble_switchover.errors import ProcessEndedError
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
    probe_subject,
    read_probe,
    write_probe,
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
MAX_SECONDS = 10.0
"""Of a probe of more than `MIN_ROUNDS`."""
WARM_UP_ROUNDS, MIN_ROUNDS, MAX_ROUNDS = 1, 3, 15
LONG_SECONDS = 60.0
"""Of training, from which on processes are worth their start, and are tried."""
PROCESS_SECONDS = 2.0
"""That processes step side by side while they are timed."""


def choose_execution_plan(
    spec: RunSpec, device: torch.device, precision: Precision
) -> ExecutionPlan:
    """Choose the fastest way to execute a run's members on this device."""
    plans = _possible(spec, device, precision)
    steps = spec.num_steps
    subject = probe_subject(spec, device.type, device_name(device))
    probe = read_probe(subject)
    if probe is None or probe.torch != version("torch"):
        date = datetime.now(UTC).date().isoformat()
        probe = StepTimings(subject=subject, torch=version("torch"), date=date)
    begin, waited = perf_counter(), thread_times()
    timed = _completed(probe, spec, plans, steps, device, precision)
    if timed is None:
        _logger.info("execution=auto: sequential; the run is too short to try others")
        return ExecutionPlan()
    source = "kept from before"
    if timed != probe:
        busy = waiting_share(waited, thread_times()) > TOLERATED_WAIT
        fate = "not kept: other programs took its processors" if busy else _kept(timed)
        source = f"tried for {duration(perf_counter() - begin)}, and {fate}"
    chosen = timed.fastest(plans, steps)
    ratio = timed.run_seconds(ExecutionPlan(), steps) / timed.run_seconds(chosen, steps)
    quicker = (
        "the fastest here"
        if chosen == ExecutionPlan()
        else f"{ratio:.2f} times as fast as sequential"
    )
    _logger.info(f"execution=auto: {chosen.label}; {quicker} ({source})")
    return chosen


def _kept(probe: StepTimings) -> str:
    try:
        write_probe(probe)
    except OSError as error:
        return f"not kept: {error.strerror}"
    return "kept"


def _possible(spec: RunSpec, device: torch.device, precision: Precision) -> list[ExecutionPlan]:
    """List the ways that the precision allows, and for which the memory suffices."""
    available = device_memory_bytes(device)

    def fits(plan: ExecutionPlan) -> bool:
        if plan == ExecutionPlan() or available is None:
            return True
        needed = memory_bytes(spec, plan, device.type, available)
        return needed <= USABLE_MEMORY_SHARE * available

    plans = candidate_plans(spec.design.k, num_device_slots(device))
    allowed = [plan for plan in plans if not (precision.scales_loss and plan.shares_steps)]
    return [plan for plan in allowed if fits(plan)]


def _completed(
    probe: StepTimings,
    spec: RunSpec,
    plans: Sequence[ExecutionPlan],
    steps: int,
    device: torch.device,
    precision: Precision,
) -> StepTimings | None:
    """Time what a probe lacks; None if the run is too short for that."""
    here = [plan for plan in plans if plan.processes == 1]
    if any(plan.label not in probe.step_seconds for plan in here):
        seconds = _time_here(spec, here, steps, device, precision)
        if seconds is None:
            return None
        probe = replace(probe, step_seconds={**probe.step_seconds, **seconds})
    run_seconds = min(probe.run_seconds(plan, steps) for plan in here)
    for plan in plans:
        unknown = plan.processes > 1 and plan.label not in probe.step_seconds
        if unknown and run_seconds > LONG_SECONDS:
            timed = None
            if (
                not plan.shares_steps
                or probe.step_seconds.get(ExecutionPlan(plan.within).label) is not None
            ):
                timed = _time_processes(spec, plan, device)
            step, start = timed or (None, 0.0)
            probe = replace(
                probe,
                step_seconds={**probe.step_seconds, plan.label: step},
                start_seconds={**probe.start_seconds, plan.label: start},
            )
    return probe


def _time_here(
    spec: RunSpec,
    plans: Sequence[ExecutionPlan],
    steps: int,
    device: torch.device,
    precision: Precision,
) -> dict[str, float | None] | None:
    """Time the ways of one process, in turn; None if that would take too much of the run."""
    clock = synchronised_clock(device)
    begin = clock()
    first = TimedSteps(spec, ExecutionPlan(), device, precision)
    first.step()
    made_seconds = clock() - begin
    begin = clock()
    first.step()
    step_seconds = clock() - begin
    run_seconds = steps * spec.design.k * step_seconds
    round_seconds = sum(plan.members_at_once(spec.design.k) for plan in plans) * step_seconds
    making = made_seconds * (len(plans) - 1)
    rounds = int((SHARE_OF_RUN * run_seconds - making) / round_seconds) - WARM_UP_ROUNDS
    if rounds < MIN_ROUNDS:
        return None
    rounds = min(rounds, max(MIN_ROUNDS, int(MAX_SECONDS / round_seconds)), MAX_ROUNDS)
    trials = {ExecutionPlan(): first}
    for plan in plans[1:]:
        trial = _made(spec, plan, device, precision)
        if trial is not None:
            trials[plan] = trial
    seconds: dict[ExecutionPlan, list[float]] = {plan: [] for plan in trials}
    for number in range(WARM_UP_ROUNDS + rounds):
        for plan, trial in trials.items():
            begin = clock()
            trial.step()
            if number >= WARM_UP_ROUNDS:
                seconds[plan].append(clock() - begin)
    trials.clear()
    if device.type == "cuda":
        torch.cuda.empty_cache()  # what the trials took is not training's
    return {
        plan.label: plan.turns(spec.design.k) * median(seconds[plan]) if plan in seconds else None
        for plan in plans
    }


def _made(
    spec: RunSpec, plan: ExecutionPlan, device: torch.device, precision: Precision
) -> TimedSteps | None:
    """Make a trial and take its first step; None if it has no fused form, or does not fit."""
    try:
        trial = TimedSteps(spec, plan, device, precision)
        trial.step()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    except NoFusedFormError:
        return None
    return trial


def _time_processes(
    spec: RunSpec, plan: ExecutionPlan, device: torch.device
) -> tuple[float, float] | None:
    """Time processes that step side by side.

    Returns:
        Seconds for all members to take a step, and seconds until all processes were ready; None
        if one of them was ended, or could not do it.
    """
    try:
        return _time_crew(spec, plan, device)
    except ProcessEndedError:
        return None


def _time_crew(spec: RunSpec, plan: ExecutionPlan, device: torch.device) -> tuple[float, float]:
    begin = perf_counter()
    threads = threads_each(plan.processes)
    with WorkerProcesses() as workers:
        for number in range(plan.processes):
            workers.start("a probe", _time_steps, spec, plan, device.type, number, threads)
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
    """Step for a while, beside the others, and send the median seconds of a step."""
    torch.set_num_threads(threads)
    device = slot_device(choose_device(device_type), number)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    trial = _made(spec, plan, device, use_precision(spec.precision, device))
    if trial is None:
        return  # the parent sees the end of this process
    trial.step()
    clock = synchronised_clock(device)
    clock()
    connection.send_bytes(b"ready")
    connection.recv_bytes()
    end = clock() + PROCESS_SECONDS
    seconds: list[float] = []
    while len(seconds) < MIN_ROUNDS or clock() < end:
        begin = clock()
        trial.step()
        seconds.append(clock() - begin)
    connection.send_bytes(str(median(seconds)).encode())
