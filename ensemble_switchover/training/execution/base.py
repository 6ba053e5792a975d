"""The interface of an execution.

Dimensions: m members of a step, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn
    from torch.optim import Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.data.batches import Groups
    from ensemble_switchover.training.precision import Precision


@contextmanager
def unchanged(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore a network's statistics and gradients, and torch's random numbers, afterwards."""
    statistics = [buffer.clone() for buffer in network.buffers()]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
    with torch.no_grad():
        for buffer, before in zip(network.buffers(), statistics, strict=True):
            buffer.copy_(before)
    network.zero_grad()


class Execution(ABC):
    """Trains and evaluates groups of members in this process; a group shares its steps."""

    @abstractmethod
    def __init__(
        self,
        members: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
        device: torch.device,
        precision: Precision,
        *,
        recipe: Recipe,
        plan: ExecutionPlan,
        compiled: bool = False,
    ) -> None:
        """Take the members with one optimizer each, and the recipe of their loss and steps.

        With `compiled` their networks are compiled.
        """

    @staticmethod
    @abstractmethod
    def groups(k: int) -> Groups:
        """Return the groups of k members that share a step, in the order of their epochs."""

    @abstractmethod
    def is_ready(self, group: tuple[int, ...]) -> bool:
        """Return whether the group's members lie on the device."""

    @abstractmethod
    def prepare(self, group: tuple[int, ...]) -> None:
        """Bring the group's members to the device, and park the others."""

    @abstractmethod
    def train_step(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> Tensor:
        """Take one optimizer step of a group that is ready.

        Args:
            group: The m members.
            images: (m, B, C, H, W)
            labels: (m, B) classes, or (m, B, classes) shares of mixed images.

        Returns:
            (m,) loss of each member before the step, detached.
        """

    @abstractmethod
    def rehearse(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> None:
        """Compute a step without taking it, so that its graphs are compiled.

        Weights, statistics, momentum and random numbers stay as they are.

        Args:
            group: The m members, ready.
            images: (m, B, C, H, W)
            labels: As those of a step.
        """

    @abstractmethod
    def logits(self, group: tuple[int, ...], images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to a ready group's logits (m, B, classes)."""

    def evaluate_in_parts(self, size: int) -> None:
        """Predict with at most so many members at once; by default all of a group do."""
        del size

    @property
    @abstractmethod
    def optimizer_states(self) -> list[dict[str, Any]]:
        """The state of every member's optimizer, as its `state_dict` has it."""

    @property
    @abstractmethod
    def averages(self) -> list[dict[str, Any]]:
        """The state of every member's averaged weights; empty where none are averaged."""

    @averages.setter
    @abstractmethod
    def averages(self, states: list[dict[str, Any]]) -> None: ...

    @property
    @abstractmethod
    def scalers(self) -> list[dict[str, Any]]:
        """The states of the members' gradient scalers; empty where no loss is scaled."""

    @scalers.setter
    @abstractmethod
    def scalers(self, states: list[dict[str, Any]]) -> None: ...

    @abstractmethod
    def release(self) -> None:
        """Bring every member's weights back to the device, for use after training."""
