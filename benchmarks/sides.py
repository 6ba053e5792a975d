"""The sides of a comparison: implementations that train and predict with the same networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.machine.worker_processes import WorkerProcesses
from ensemble_switchover.runner.timed_steps import TimedSteps
from ensemble_switchover.training.assemble import build_ensemble
from ensemble_switchover.training.device import choose_device, slot_device
from ensemble_switchover.training.member_processes import threads_each
from ensemble_switchover.training.optimizer import optimizer_of_member
from ensemble_switchover.training.precision import use_precision
from tests.planning.allocation import AllocationTracker

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision

PREDICTED_IMAGES = 128


class Side(ABC):
    """One implementation of the training and prediction of all members of a run."""

    @abstractmethod
    def train(self, num_steps: int) -> None:
        """Train every member for a number of steps."""

    @abstractmethod
    def predict(self) -> None:
        """Predict `PREDICTED_IMAGES` images with all members."""

    @abstractmethod
    def peak_bytes(self) -> int:
        """Return the peak bytes of the tensors of a training step, summed over all processes."""

    def close(self) -> None:
        """End the processes that were started, if any."""
        return


class InProcess(Side):
    """An execution plan in this process.

    The first group of members stands for the others, which have the same shape and take as long.
    """

    def __init__(
        self,
        spec: RunSpec,
        plan: ExecutionPlan,
        device: torch.device,
        precision: Precision,
        predicted_images: int = PREDICTED_IMAGES,
    ) -> None:
        self.steps = TimedSteps(spec, plan, device, precision)
        self.turns = plan.turns(spec.design.k)
        self.predictor = self.steps.predictor(predicted_images)

    def train(self, num_steps: int) -> None:
        for _ in range(self.turns * num_steps):
            self.steps.step()

    def predict(self) -> None:
        for _ in range(self.turns):
            self.predictor()

    def peak_bytes(self) -> int:
        return peak_of(self.steps.step, self.steps.device)


class InProcesses(Side):
    """An execution plan in several processes, which train at the same time."""

    def __init__(self, spec: RunSpec, plan: ExecutionPlan, device: torch.device) -> None:
        self.workers = WorkerProcesses()
        processes = plan.processes
        for number in range(processes):
            task = (spec, plan, device.type, number, threads_each(processes))
            self.workers.start("a benchmark", _serve, *task)
        self._ask(b"ready?")

    def train(self, num_steps: int) -> None:
        self._ask(f"train {num_steps}".encode())

    def predict(self) -> None:
        self._ask(b"predict")

    def peak_bytes(self) -> int:
        return sum(int(answer) for answer in self._ask(b"peak"))

    def close(self) -> None:
        self.workers.end()

    def _ask(self, question: bytes) -> list[bytes]:
        for number in range(len(self.workers)):
            self.workers.send(number, question)
        return [self.workers.receive(number) for number in range(len(self.workers))]


def _serve(
    connection: Connection,
    spec: RunSpec,
    plan: ExecutionPlan,
    device: str,
    number: int,
    threads: int,
) -> None:
    torch.set_num_threads(threads)
    here = slot_device(choose_device(device), number)
    side = InProcess(spec, plan, here, use_precision(spec.precision, here))
    while True:
        question, *arguments = connection.recv_bytes().decode().split()
        answer = 0
        if question == "train":
            side.train(int(arguments[0]))
        elif question == "predict":
            side.predict()
        elif question == "peak":
            answer = side.peak_bytes()
        if here.type == "cuda":
            torch.cuda.synchronize(here)
        connection.send_bytes(str(answer).encode())


class BareLoop(Side):
    """A plain PyTorch loop over the members, which reuses one batch on the device."""

    def __init__(self, spec: RunSpec, device: torch.device, precision: Precision) -> None:
        self.device = device
        self.ensemble = build_ensemble(spec).to(device, precision.dtype)
        self.optimizers = [
            optimizer_of_member(one, spec.recipe, ExecutionPlan(), precision)
            for one in self.ensemble.members
        ]
        self.images, self.labels = noise(spec, spec.recipe.batch_size, device, precision.dtype)
        self.predicted, _ = noise(spec, PREDICTED_IMAGES, device, precision.dtype)

    def train(self, num_steps: int) -> None:
        self.ensemble.train()
        for member, optimizer in zip(self.ensemble.members, self.optimizers, strict=True):
            for _ in range(num_steps):
                loss = functional.cross_entropy(member(self.images), self.labels)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()

    def predict(self) -> None:
        self.ensemble.eval()
        with torch.inference_mode():
            self.ensemble(self.predicted)

    def peak_bytes(self) -> int:
        return peak_of(lambda: self.train(1), self.device)


def noise(
    spec: RunSpec, num_images: int, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Make images of noise, and labels."""
    task = spec.task
    images = torch.randn((num_images, task.channels, task.size, task.size), dtype=dtype)
    labels = torch.arange(num_images) % task.num_classes
    return images.to(device), labels.to(device)


def peak_of(step: Callable[[], object], device: torch.device) -> int:
    """Return the peak bytes of the tensors that a step allocates."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        step()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    tracker = AllocationTracker()
    with tracker:
        step()
    return tracker.peak_bytes
