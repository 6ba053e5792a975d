"""One member after another: the paper's way, and the reference for every measurement.

Only one member has its weights, optimizer state and activations on an accelerator; the others
are parked in host memory. So training needs the memory of one member (paper, section 6).

Dimensions: B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensemble_switchover.training.execution.base import Execution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch.optim import Optimizer

    from ensemble_switchover.data.batches import Groups

HOST = torch.device("cpu")


class Sequential(Execution):
    """Groups of one member."""

    def __init__(
        self,
        members: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
        device: torch.device,
        *,
        compiled: bool = False,
    ) -> None:
        """Park every member in host memory."""
        if compiled:
            for network in members:
                network.compile()
        self.members = members
        self.optimizers = optimizers
        self.device = device
        for member in range(len(members)):
            self._move(member, HOST)
        if device.type == "cuda":
            torch.cuda.empty_cache()  # what all members together took is not training's
        self.resident: int | None = None

    @property
    def k(self) -> int:
        """Number of members."""
        return len(self.members)

    @staticmethod
    def groups(k: int) -> Groups:
        """Give every member a group of its own."""
        return tuple((member,) for member in range(k))

    def train_step(self, group: tuple[int, ...], images: Tensor, labels: Tensor) -> Tensor:
        """Take one step of one member: images (1, B, C, H, W), labels (1, B), loss (1,)."""
        (member,) = group
        optimizer = self.optimizers[member]
        loss = functional.cross_entropy(self.members[member](images[0]), labels[0])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.detach()[None]

    def logits(self, group: tuple[int, ...], images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the logits (1, B, classes) of one member."""
        (member,) = group
        logits: Tensor = self.members[member](images)
        return logits[None]

    def is_ready(self, group: tuple[int, ...]) -> bool:
        """Tell whether it is the group's turn already."""
        return group == (self.resident,)

    def prepare(self, group: tuple[int, ...]) -> None:
        """Park the member whose turn is over, and bring the next."""
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
        # gradients are set anew by the next step; parked ones would only be copied about
        self.optimizers[member].zero_grad(set_to_none=True)
        # evaluation runs in inference mode, whose tensors could not be trained on afterwards
        with torch.inference_mode(False):
            self.members[member].to(device)
            for state in self.optimizers[member].state.values():
                for name, value in state.items():
                    if isinstance(value, Tensor):
                        state[name] = value.to(device)
