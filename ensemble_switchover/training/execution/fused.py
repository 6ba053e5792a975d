"""All members in one vectorised step: grouped convolutions, one update for all.

Dimensions: m members, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD

from ensemble_switchover.networks.fused import Fused
from ensemble_switchover.training.execution.base import Execution, unchanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.optim import Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.data.batches import Groups
    from ensemble_switchover.training.precision import Precision


class FusedExecution(Execution):
    """Trains all members as one group.

    A member whose loss is not finite is masked out from that step on: no loss, and so no gradient,
    of it enters the sum of all, and the others learn what they learn without it.

    The members' weights, statistics and momentum are views of the fused ones, so a checkpoint of
    the members holds everything, and nothing has to be copied back.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
        device: torch.device,
        precision: Precision,
        *,
        plan: ExecutionPlan,
        compiled: bool = False,
    ) -> None:
        """Fuse the members where they are."""
        del plan
        self.device = device
        self.precision = precision
        self.optimizers = optimizers
        self.network = Fused(members)
        self.alive = torch.ones(len(members), dtype=torch.bool, device=device)
        """(m,) whether every loss of a member has been finite so far."""
        self._parts: list[tuple[int, nn.Module]] = []
        """Numbers of members that predict at once, with their network; empty: all do."""
        self._is_compiled = compiled
        if compiled:
            self.network.compile()
        settings: dict[str, Any] = {
            name: optimizers[0].param_groups[0][name]
            for name in ("momentum", "weight_decay", "nesterov")
        }
        self._rate = self._asked_rate()
        held = torch.tensor(self._rate, dtype=torch.float32, device=device)
        rate = held if _holds_rate(device, precision) else self._rate
        self.optimizer = SGD(self.network.parameters(), lr=rate, fused=True, **settings)
        parameters = zip(*(member.parameters() for member in members), strict=True)
        for whole, parts in zip(self.network.parameters(), parameters, strict=True):
            self.optimizer.state[whole]["momentum_buffer"] = self._join_momentum(whole, parts)

    @staticmethod
    def groups(k: int) -> Groups:
        """Let all members share their steps."""
        return (tuple(range(k)),)

    def is_ready(self, group: tuple[int, ...]) -> bool:
        """Return True: all members are always on the device."""
        del group
        return True

    def prepare(self, group: tuple[int, ...]) -> None:
        """Do nothing: all members are on the device."""

    def train_step(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> Tensor:
        """Take one step of all members: images (m, B, C, H, W), labels (m, B), losses (m,)."""
        del group
        means = self._losses(images, labels)
        self.optimizer.zero_grad()
        self._sum(means).backward()  # type: ignore[no-untyped-call]
        self._set_rate()
        self.optimizer.step()
        return means.detach()

    def rehearse(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> None:
        """Compute a step of all members: images (m, B, C, H, W), labels (m, B)."""
        del group
        with unchanged(self.network, self.device):
            self._losses(images, labels).sum().backward()  # type: ignore[no-untyped-call]

    def _losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the mean cross-entropy (m,) of every member."""
        self._switch(training=True)
        with self.precision.computing(self.device):
            logits: Tensor = self.network(images)
            losses: Tensor = functional.cross_entropy(
                logits.flatten(0, 1), labels.flatten(), reduction="none"
            )
        return losses.view(labels.shape).mean(dim=1)

    def _sum(self, means: Tensor) -> Tensor:
        """Sum the losses (m,) of the members that are finite, without waiting for the device."""
        self.alive &= means.detach().isfinite()
        return means.where(self.alive, 0.0).sum()

    def logits(self, group: tuple[int, ...], images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the logits (m, B, classes) of all members."""
        self._switch(training=False)
        with self.precision.computing(self.device):
            if self._parts:
                parts = [part(images.expand(size, *images.shape)) for size, part in self._parts]
                return torch.cat(parts)
            logits: Tensor = self.network(images.expand(len(group), *images.shape))
        return logits

    def evaluate_in_parts(self, size: int) -> None:
        """Predict with at most so many members at once, unless the network is compiled."""
        if self._is_compiled or size >= len(self.optimizers):
            return
        bounds = [*range(0, len(self.optimizers), size), len(self.optimizers)]
        self._parts = [
            (stop - start, self.network.part(start, stop).eval())
            for start, stop in pairwise(bounds)
        ]

    @property
    def scalers(self) -> list[dict[str, Any]]:
        """No scalers: one scale for all members would make them depend on each other."""
        return []

    @scalers.setter
    def scalers(self, states: list[dict[str, Any]]) -> None:
        assert not states

    def release(self) -> None:
        """Do nothing: the members' weights are the fused ones."""

    def _asked_rate(self) -> float:
        return float(self.optimizers[0].param_groups[0]["lr"])

    def _set_rate(self) -> None:
        """Take the members' learning rate, in place where it is a tensor, if it has changed."""
        rate = self._asked_rate()
        if rate == self._rate:
            return
        self._rate = rate
        settings = self.optimizer.param_groups[0]
        if isinstance(settings["lr"], Tensor):
            settings["lr"].fill_(rate)
        else:
            settings["lr"] = rate

    def _switch(self, *, training: bool) -> None:
        if self.network.training != training:
            self.network.train(training)

    def _join_momentum(self, whole: nn.Parameter, parts: Sequence[nn.Parameter]) -> Tensor:
        """Make the members' momentum, zero at the beginning, views of the fused one."""
        joined = torch.zeros_like(whole)
        # a fused classifier has an axis of its own for the members
        rows = joined if joined.dim() == parts[0].dim() else joined.flatten(0, 1)
        for part, own, optimizer in zip(
            parts, torch.split(rows, len(parts[0])), self.optimizers, strict=True
        ):
            state = optimizer.state[part]
            if "momentum_buffer" in state:
                own.copy_(state["momentum_buffer"])
            state["momentum_buffer"] = own
        return joined


def _holds_rate(device: torch.device, precision: Precision) -> bool:
    """Whether the device holds the learning rate, as steps that are recorded need it.

    The kernel reads it in single precision, too coarse for an update in double precision.
    """
    return device.type == "cuda" and precision.dtype != torch.float64
