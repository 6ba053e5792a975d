"""`execution=auto`: times the ways to execute a cell's members, and chooses.

A probe takes at most a tenth of the run that it is for; it is kept, and the next run of the same
design on the same device does without.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.execution_plan import FUSED, Way, candidate_ways
from ensemble_switchover.errors import ProcessEndedError
from ensemble_switchover.machine.terminal import duration
from ensemble_switchover.machine.worker_processes import Crew
from ensemble_switchover.measurement.disturbance import (
    TOLERATED_WAIT,
    thread_times,
    waiting_share,
)
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.networks.fused import NoFusedFormError
from ensemble_switchover.planning.cost import memory_bytes
from ensemble_switchover.planning.execution_timings import (
    Probe,
    num_steps,
    probe_subject,
    read_probe,
    write_probe,
)
from ensemble_switchover.runner.timed_steps import Trial
from ensemble_switchover.training.device import choose_device, num_places, place
from ensemble_switchover.training.member_processes import threads_each
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from ensemble_switchover.config.run_spec import Cell
    from ensemble_switchover.training.precision import Precision

SHARE_OF_RUN = 0.1
MAX_SECONDS = 10.0
"""Of a probe of more than `MIN_ROUNDS`."""
WARM_UP_ROUNDS, MIN_ROUNDS, MAX_ROUNDS = 1, 3, 15
LONG_SECONDS = 60.0
"""Of training, from which on processes are worth their start, and are tried."""
PROCESS_SECONDS = 2.0
"""That processes step side by side while they are timed."""
SHARE_OF_MEMORY = 0.8


def choose_way(
    cell: Cell, device: torch.device, precision: Precision, tell: Callable[[str], None]
) -> Way:
    """Choose the fastest way to execute a cell's members here; `tell` is given a line about it."""
    ways = _possible(cell, device, precision)
    steps = num_steps(cell)
    subject = probe_subject(cell, device.type, device_name(device))
    probe = read_probe(subject)
    if probe is None or probe.torch != version("torch"):
        date = datetime.now(UTC).date().isoformat()
        probe = Probe(subject=subject, torch=version("torch"), date=date)
    begin, waited = perf_counter(), thread_times()
    timed = _completed(probe, cell, ways, steps, device, precision)
    if timed is None:
        tell("execution=auto: sequential; the run is too short to try others")
        return Way()
    source = "kept from before"
    if timed != probe:
        busy = waiting_share(waited, thread_times()) > TOLERATED_WAIT
        fate = "not kept: other programs took its processors" if busy else _kept(timed)
        source = f"tried for {duration(perf_counter() - begin)}, and {fate}"
    chosen = timed.fastest(ways, steps)
    ratio = timed.run_seconds(Way(), steps) / timed.run_seconds(chosen, steps)
    quicker = "the fastest here" if chosen == Way() else f"{ratio:.2f} times as fast as sequential"
    tell(f"execution=auto: {chosen.label}; {quicker} ({source})")
    return chosen


def _kept(probe: Probe) -> str:
    try:
        write_probe(probe)
    except OSError as error:
        return f"not kept: {error.strerror}"
    return "kept"


def _possible(cell: Cell, device: torch.device, precision: Precision) -> list[Way]:
    """List the ways that the precision allows, and for which the memory suffices."""
    available = device_memory_bytes(device)

    def fits(way: Way) -> bool:
        if way == Way() or available is None:
            return True
        needed = memory_bytes(replace(cell, way=way), device.type, available)
        return needed <= SHARE_OF_MEMORY * available

    ways = candidate_ways(cell.design.k, num_places(device))
    allowed = [way for way in ways if not (precision.scales_loss and way.within == FUSED)]
    return [way for way in allowed if fits(way)]


def _completed(
    probe: Probe,
    cell: Cell,
    ways: Sequence[Way],
    steps: int,
    device: torch.device,
    precision: Precision,
) -> Probe | None:
    """Time what a probe lacks; None if the run is too short for that."""
    here = [way for way in ways if way.processes == 1]
    if any(way.label not in probe.step_seconds for way in here):
        seconds = _time_here(cell, here, steps, device, precision)
        if seconds is None:
            return None
        probe = replace(probe, step_seconds={**probe.step_seconds, **seconds})
    run_seconds = min(probe.run_seconds(way, steps) for way in here)
    for way in ways:
        unknown = way.processes > 1 and way.label not in probe.step_seconds
        if unknown and run_seconds > LONG_SECONDS:
            timed = None
            if way.within != FUSED or probe.step_seconds.get(Way(FUSED).label) is not None:
                timed = _time_processes(replace(cell, way=way), device)
            step, start = timed or (None, 0.0)
            probe = replace(
                probe,
                step_seconds={**probe.step_seconds, way.label: step},
                start_seconds={**probe.start_seconds, way.label: start},
            )
    return probe


def _time_here(
    cell: Cell, ways: Sequence[Way], steps: int, device: torch.device, precision: Precision
) -> dict[str, float | None] | None:
    """Time the ways of one process, in turn; None if that would take too much of the run."""
    clock = synchronised_clock(device)
    begin = clock()
    first = Trial(replace(cell, way=Way()), device, precision)
    first.step()
    made_seconds = clock() - begin
    begin = clock()
    first.step()
    step_seconds = clock() - begin
    run_seconds = steps * cell.design.k * step_seconds
    round_seconds = sum(way.members_at_once(cell.design.k) for way in ways) * step_seconds
    making = made_seconds * (len(ways) - 1)
    rounds = int((SHARE_OF_RUN * run_seconds - making) / round_seconds) - WARM_UP_ROUNDS
    if rounds < MIN_ROUNDS:
        return None
    rounds = min(rounds, max(MIN_ROUNDS, int(MAX_SECONDS / round_seconds)), MAX_ROUNDS)
    trials = {Way(): first}
    for way in ways[1:]:
        trial = _made(replace(cell, way=way), device, precision)
        if trial is not None:
            trials[way] = trial
    seconds: dict[Way, list[float]] = {way: [] for way in trials}
    for number in range(WARM_UP_ROUNDS + rounds):
        for way, trial in trials.items():
            begin = clock()
            trial.step()
            if number >= WARM_UP_ROUNDS:
                seconds[way].append(clock() - begin)
    trials.clear()
    if device.type == "cuda":
        torch.cuda.empty_cache()  # what the trials took is not training's
    return {
        way.label: way.turns(cell.design.k) * median(seconds[way]) if way in seconds else None
        for way in ways
    }


def _made(cell: Cell, device: torch.device, precision: Precision) -> Trial | None:
    """Make a trial and take its first step; None if it has no fused form, or does not fit."""
    try:
        trial = Trial(cell, device, precision)
        trial.step()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    except NoFusedFormError:
        return None
    return trial


def _time_processes(cell: Cell, device: torch.device) -> tuple[float, float] | None:
    """Time processes that step side by side.

    Returns:
        Seconds for all members to take a step, and seconds until all processes were ready; None
        if one of them was ended, or could not do it.
    """
    try:
        return _time_crew(cell, device)
    except ProcessEndedError:
        return None


def _time_crew(cell: Cell, device: torch.device) -> tuple[float, float]:
    begin = perf_counter()
    threads = threads_each(cell.way.processes)
    with Crew() as crew:
        for number in range(cell.way.processes):
            crew.start("a probe", _time_steps, cell, device.type, number, threads)
        for number in range(len(crew)):
            crew.receive(number)
        start_seconds = perf_counter() - begin
        for number in range(len(crew)):
            crew.send(number, b"go")
        slowest = max(float(crew.receive(number)) for number in range(len(crew)))
    return cell.way.turns(cell.design.k) * slowest, start_seconds


def _time_steps(
    connection: Connection, cell: Cell, device_type: str, number: int, threads: int
) -> None:
    """Step for a while, beside the others, and send the median seconds of a step."""
    torch.set_num_threads(threads)
    device = place(choose_device(device_type), number)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    trial = _made(cell, device, use_precision(cell.precision, device))
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
