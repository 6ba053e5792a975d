"""All members in one vectorised step: grouped convolutions, one update for all.

Dimensions: m members, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.networks.fused import Fused
from ensemble_switchover.training.averaged_weights import AveragedWeights
from ensemble_switchover.training.execution.base import Execution, unchanged
from ensemble_switchover.training.losses import make_loss
from ensemble_switchover.training.member_tensors import join_state, split_state, split_tensor
from ensemble_switchover.training.optimizer import ONE_KERNEL, make_optimizer, start_momentum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.optim import Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.data.batches import Groups
    from ensemble_switchover.training.precision import Precision


NORM_MARGIN = 1e-6
"""Is added to a norm before it divides, as torch's `clip_grad_norm_` does."""


class FusedExecution(Execution):
    """Trains all members as one group.

    A member whose loss is not finite is masked out from that step on: no loss, and so no gradient,
    of it enters the sum of all, and the others learn what they learn without it.

    The members' weights and statistics are views of the fused ones, and so are the states of their
    optimizers that a checkpoint holds: nothing has to be copied back.
    """

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
        """Fuse the members where they are."""
        del plan
        self.device = device
        self.precision = precision
        self.members = members
        self.optimizers = optimizers
        self.loss = make_loss(recipe)
        self.gradient_clip = recipe.gradient_clip
        self.network = Fused(members)
        self.alive = torch.ones(len(members), dtype=torch.bool, device=device)
        """(m,) whether every loss of a member has been finite so far."""
        self._parts: list[tuple[int, nn.Module]] = []
        """Numbers of members that predict at once, with their network; empty: all do."""
        self._is_compiled = compiled
        if compiled:
            self.network.compile()
        self._average = (
            None if recipe.ema_decay is None else AveragedWeights(self.network, recipe.ema_decay)
        )
        self._rate = self._asked_rate()
        held = torch.tensor(self._rate, dtype=torch.float32, device=device)
        rate = held if _holds_rate(recipe, device, precision) else self._rate
        self.optimizer = make_optimizer(self.network, recipe, one_kernel=True, rate=rate)
        start_momentum(self.optimizer)
        join_state(self.optimizer, optimizers)

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
        """Take one step of all members: images (m, B, C, H, W), their labels, losses (m,)."""
        del group
        losses = self._losses(images, labels)
        self.optimizer.zero_grad()
        self._sum(losses).backward()  # type: ignore[no-untyped-call]
        if self.gradient_clip is not None:
            self._clip(self.gradient_clip)
        self._set_rate()
        self.optimizer.step()
        if self._average is not None:
            self._average.update()
        return losses.detach()

    def rehearse(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> None:
        """Compute a step of all members: images (m, B, C, H, W), their labels."""
        del group
        with unchanged(self.network, self.device):
            self._losses(images, labels).sum().backward()  # type: ignore[no-untyped-call]

    def _losses(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss (m,) of every member."""
        self._switch(training=True)
        with self.precision.computing(self.device):
            return self.loss(self.network(images), labels)

    def _sum(self, losses: Tensor) -> Tensor:
        """Sum the losses (m,) of the members that are finite, without waiting for the device."""
        self.alive &= losses.detach().isfinite()
        return losses.where(self.alive, 0.0).sum()

    @torch.no_grad()
    def _clip(self, largest: float) -> None:
        """Scale the gradient of every member down to a norm, without waiting for the device."""
        parts = [
            split_tensor(whole.grad, own, len(self.members))
            for whole, own in zip(
                self.network.parameters(), self.members[0].parameters(), strict=True
            )
            if whole.grad is not None
        ]
        for gradients in zip(*parts, strict=True):
            norm = nn.utils.get_total_norm(gradients)
            scale = (largest / (norm + NORM_MARGIN)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(scale)

    def logits(self, group: tuple[int, ...], images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the logits (m, B, classes) of all members."""
        self._switch(training=False)
        with self.precision.computing(self.device):
            if self._average is not None:
                return self._average.predict(images.expand(len(group), *images.shape))
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

    @property
    def optimizer_states(self) -> list[dict[str, Any]]:
        """The state of every member's optimizer, as views of the fused one."""
        return split_state(self.optimizer, self.optimizers)

    @property
    def averages(self) -> list[dict[str, Any]]:
        """The state of every member's averaged weights, as views; empty where none are averaged."""
        if self._average is None:
            return []
        state = self._average.state()
        like = self.members[0].state_dict()
        split = [
            split_tensor(whole, own, len(self.members))
            for whole, own in zip(state["tensors"].values(), like.values(), strict=True)
        ]
        return [
            {**state, "tensors": dict(zip(like, own, strict=True))}
            for own in zip(*split, strict=True)
        ]

    @averages.setter
    def averages(self, states: list[dict[str, Any]]) -> None:
        assert self._average is not None
        wholes = self._average.tensors.values()
        each = zip(*(state["tensors"].values() for state in states), strict=True)
        for whole, parts in zip(wholes, each, strict=True):
            for row, part in zip(split_tensor(whole, parts[0], len(parts)), parts, strict=True):
                row.copy_(part)
        self._average.num_updates = states[0]["num_updates"]

    def _asked_rate(self) -> float:
        return float(self.optimizers[0].param_groups[0]["lr"])

    def _set_rate(self) -> None:
        """Take the members' learning rate, in place where it is a tensor, if it has changed."""
        rate = self._asked_rate()
        if rate == self._rate:
            return
        self._rate = rate
        for settings in self.optimizer.param_groups:
            if isinstance(settings["lr"], Tensor):
                settings["lr"].fill_(rate)
            else:
                settings["lr"] = rate

    def _switch(self, *, training: bool) -> None:
        if self.network.training != training:
            self.network.train(training)


def _holds_rate(recipe: Recipe, device: torch.device, precision: Precision) -> bool:
    """Whether the device holds the learning rate, as steps that are recorded need it.

    The kernel reads it in single precision, too coarse for an update in double precision.
    """
    one_kernel = not recipe.optimizer or recipe.optimizer[TARGET] in ONE_KERNEL
    return one_kernel and device.type == "cuda" and precision.dtype != torch.float64
