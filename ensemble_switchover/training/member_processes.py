"""Trains the members of a run side by side in processes of their own.

Members learn independently, so processes exchange nothing while they train; each sends the result
of an epoch as tensors and plain values.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.errors import DivergenceError, EnsembleSwitchoverError, MachineError
from ensemble_switchover.machine.system_errors import machine_trouble
from ensemble_switchover.machine.worker_processes import WorkerProcesses
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.training.assemble import load_images
from ensemble_switchover.training.device import choose_device, slot_device
from ensemble_switchover.training.epoch_result import EpochResult, join
from ensemble_switchover.training.fit import train_members
from ensemble_switchover.training.module import ResumePoint
from ensemble_switchover.training.plain_values import dump_epoch_result, load_epoch_result
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.timed_epochs import TimedEpochs

_logger = logging.getLogger(__name__)

_EPOCH, _END, _GO_ON = b"E", b".", b"+"
_FAILURES: dict[bytes, type[Exception]] = {
    b"D": DivergenceError,
    b"U": EnsembleSwitchoverError,
    b"M": MemoryError,
    b"P": MachineError,
    b"X": RuntimeError,
}
"""First byte of a message about a failure -> the error that it reports."""


@dataclass(frozen=True, slots=True)
class _Task:
    """The members that one process trains, and how."""

    spec: RunSpec
    plan: ExecutionPlan
    members: range
    device: str
    """Type of the device."""
    number: int
    """Number of the process, which decides its device."""
    threads: int
    resume_point: ResumePoint | None
    timed_epochs: TimedEpochs | None = None


def train_in_processes(
    spec: RunSpec,
    plan: ExecutionPlan,
    device: torch.device,
    on_epoch: Callable[[EpochResult], None],
    *,
    resume_point: ResumePoint | None = None,
    timed_epochs: TimedEpochs | None = None,
) -> str:
    """Train all members in the processes of a plan; `on_epoch` is given every epoch of all.

    With `timed_epochs`, no more than these are trained, and members may diverge.

    Returns:
        Where the images lay, `device` or `host`.

    Raises:
        DivergenceError: if a member diverges.
        MachineError: for what the machine refuses a process, lacks or has lost.
        ProcessEndedError: if a process is ended from outside.
        MemoryError: if the memory of a process does not suffice.
    """
    if spec.callbacks:  # of a run that was begun without them, and that they do not change
        _logger.warning("callbacks are left out: each process holds some of the members")
        spec = replace(spec, callbacks={})
    slices = plan.slices(spec.design.k)
    with WorkerProcesses() as workers:
        for number, members in enumerate(slices):
            own = None
            if resume_point is not None:
                states = resume_point.members[members.start : members.stop]
                own = ResumePoint(num_epochs=resume_point.num_epochs, members=states)
            name = f"members {members.start} to {members.stop - 1}"
            threads = threads_each(len(slices))
            task = _Task(spec, plan, members, device.type, number, threads, own, timed_epochs)
            workers.start(name, _train, task)
        return _gather(workers, on_epoch)


def threads_each(num_processes: int) -> int:
    """Return the threads of each process, if this process's threads are divided among them."""
    return max(1, torch.get_num_threads() // num_processes)


def _gather(workers: WorkerProcesses, on_epoch: Callable[[EpochResult], None]) -> str:
    """Pass every epoch to `on_epoch` once all processes have sent it; then let them continue.

    So no process trains while an epoch is recorded, and none runs ahead of the others.
    """
    waiting: dict[int, EpochResult] = {}
    residences: dict[int, str] = {}
    while len(residences) < len(workers):
        for number in workers.ready([one for one in range(len(workers)) if one not in residences]):
            content = workers.receive(number)
            kind, payload = content[:1], content[1:]
            if kind == _EPOCH:
                waiting[number] = load_epoch_result(payload)
            elif kind == _END:
                residences[number] = payload.decode()
            else:
                raise _FAILURES[kind](payload.decode())
        if len(waiting) == len(workers):
            on_epoch(join([waiting.pop(number) for number in range(len(workers))]))
            for number in range(len(workers)):
                workers.send(number, _GO_ON)
    return residences[0]


def _train(connection: Connection, task: _Task) -> None:
    """Train the members of a task in its process, and send the result of every epoch."""

    def hand_over(result: EpochResult) -> None:
        connection.send_bytes(_EPOCH + dump_epoch_result(result))
        connection.recv_bytes()

    try:
        torch.set_num_threads(task.threads)
        device = slot_device(choose_device(task.device), task.number)
        _, datamodule = train_members(
            task.spec,
            task.plan,
            load_images(task.spec),
            use_precision(task.spec.precision, device),
            device,
            hand_over,
            members=task.members,
            resume_point=task.resume_point,
            timed_epochs=task.timed_epochs,
        )
        connection.send_bytes(_END + datamodule.residence.encode())
    except DivergenceError as error:
        connection.send_bytes(b"D" + str(error).encode())
    except EnsembleSwitchoverError as error:
        connection.send_bytes(b"U" + str(error).encode())
    except Exception as error:  # noqa: BLE001 - the parent raises it
        text = f"{type(error).__name__}: {error}"
        trouble = machine_trouble(error)
        if is_out_of_memory(error):
            connection.send_bytes(b"M" + text.encode())
        elif trouble is not None:
            connection.send_bytes(b"P" + trouble.encode())
        else:
            traceback.print_exc()
            connection.send_bytes(b"X" + text.encode())
