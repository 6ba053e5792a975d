"""One member after another, as in the paper: the reference of every measurement.

Only one member has its weights, optimizer state and activations on an accelerator; the others
are parked in host memory. So training needs the memory of one member (paper, section 6).

Dimensions: B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ensemble_switchover.training.averaged_weights import AveragedWeights
from ensemble_switchover.training.execution.base import Execution, unchanged
from ensemble_switchover.training.losses import make_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.optim import Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.data.batches import Groups
    from ensemble_switchover.training.precision import Precision

HOST = torch.device("cpu")


class Sequential(Execution):
    """Trains every member as a group of its own."""

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
        """Park every member in host memory."""
        self.loss = make_loss(recipe)
        self.gradient_clip = recipe.gradient_clip
        self.memory_format = torch.channels_last if plan.channels_last else torch.contiguous_format
        for network in members:
            for parameter in network.parameters():
                if parameter.dim() == 4:
                    parameter.data = self._laid_out(parameter.data)
            if compiled:
                network.compile()
        for optimizer in optimizers:
            self._lay_out_state(optimizer)
        self.members = members
        self.optimizers = optimizers
        self.device = device
        self.precision = precision
        # one a member, so that an overflow skips no other member's step
        self._scalers = [torch.GradScaler(device.type) for _ in members if precision.scales_loss]
        self._averages = (
            [AveragedWeights(member, recipe.ema_decay) for member in members]
            if recipe.ema_decay is not None
            else []
        )
        self._parked: list[set[tuple[Tensor, str]]] = [set() for _ in members]
        """Weights and names of the states of each member's optimizer that were on the device."""
        for member in range(len(members)):
            self._move(member, HOST)
        if device.type == "cuda":
            torch.cuda.empty_cache()  # training does not need the memory of all members
        self.resident: int | None = None

    @staticmethod
    def groups(k: int) -> Groups:
        """Give every member a group of its own."""
        return tuple((member,) for member in range(k))

    def train_step(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> Tensor:
        """Take one step of one member: images (1, B, C, H, W), its labels, loss (1,)."""
        (member,) = group
        optimizer = self.optimizers[member]
        loss = self._loss(member, images, labels)
        optimizer.zero_grad()
        if self._scalers:
            scaler = self._scalers[member]
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            if self.gradient_clip is not None:
                scaler.unscale_(optimizer)
            self._clip(member)
            scaler.step(optimizer)
            scaler.update()
        else:
            loss.backward()  # type: ignore[no-untyped-call]
            self._clip(member)
            optimizer.step()
        if self._averages:
            self._averages[member].update()
        return loss.detach()[None]

    def _clip(self, member: int) -> None:
        if self.gradient_clip is not None:
            nn.utils.clip_grad_norm_(self.members[member].parameters(), self.gradient_clip)

    def rehearse(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> None:
        """Compute a step of one member: images (1, B, C, H, W), its labels."""
        (member,) = group
        with unchanged(self.members[member], self.device):
            self._loss(member, images, labels).backward()  # type: ignore[no-untyped-call]

    def _loss(self, member: int, images: Tensor, labels: Tensor) -> Tensor:
        with self.precision.computing(self.device):
            logits = self.members[member](self._laid_out(images[0]))
            return self.loss(logits[None], labels)[0]

    def logits(self, group: tuple[int, ...], images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the logits (1, B, classes) of one member."""
        (member,) = group
        network = self._averages[member].predict if self._averages else self.members[member]
        with self.precision.computing(self.device):
            logits: Tensor = network(self._laid_out(images))
        return logits[None]

    @property
    def optimizer_states(self) -> list[dict[str, Any]]:
        """The state of every member's optimizer."""
        return [optimizer.state_dict() for optimizer in self.optimizers]

    @property
    def averages(self) -> list[dict[str, Any]]:
        """The state of every member's averaged weights; empty where none are averaged."""
        return [average.state() for average in self._averages]

    @averages.setter
    def averages(self, states: list[dict[str, Any]]) -> None:
        for average, state in zip(self._averages, states, strict=True):
            average.take_up(state)

    @property
    def scalers(self) -> list[dict[str, Any]]:
        """The states of the members' gradient scalers; empty where no loss is scaled."""
        return [scaler.state_dict() for scaler in self._scalers]

    @scalers.setter
    def scalers(self, states: list[dict[str, Any]]) -> None:
        for scaler, state in zip(self._scalers, states, strict=True):
            scaler.load_state_dict(state)

    def _lay_out_state(self, optimizer: Optimizer) -> None:
        """Give the momenta of a resumed run the layout of the weights, as a fused kernel needs."""
        for state in optimizer.state.values():
            for name, value in state.items():
                if isinstance(value, Tensor) and value.dim() == 4:
                    state[name] = self._laid_out(value)

    def _laid_out(self, tensor: Tensor) -> Tensor:
        return tensor.contiguous(memory_format=self.memory_format)

    def is_ready(self, group: tuple[int, ...]) -> bool:
        """Return whether the group's member is on the device already."""
        return group == (self.resident,)

    def prepare(self, group: tuple[int, ...]) -> None:
        """Park the member on the device, and bring the group's."""
        if self.resident is not None:
            self._move(self.resident, HOST)
        (self.resident,) = group
        self._move(self.resident, self.device)

    def release(self) -> None:
        """Bring every member's weights back to the device; optimizer states stay parked."""
        for member in self.members:
            member.to(self.device)
        self.resident = None

    def _move(self, member: int, device: torch.device) -> None:
        if self.device == HOST:
            return
        # gradients are set anew by the next step; parked ones would be copied for nothing
        self.optimizers[member].zero_grad(set_to_none=True)
        # evaluation runs in inference mode, whose tensors could not be trained on afterwards
        with torch.inference_mode(False):
            self.members[member].to(device)
            if self._averages:
                self._averages[member].to(device)
            self._move_state(member, device)

    def _move_state(self, member: int, device: torch.device) -> None:
        """Move the states of an optimizer but for those, such as counts of steps, on the host.

        Torch keeps these there to read them without waiting for the device.
        """
        parked, states = self._parked[member], self.optimizers[member].state
        if device == HOST:
            parked.clear()
            parked.update(
                (parameter, name)
                for parameter, state in states.items()
                for name, value in state.items()
                if isinstance(value, Tensor) and value.device != HOST
            )
        for parameter, name in parked:
            states[parameter][name] = states[parameter][name].to(device)
