"""The moving average of the weights of a network, and of its batch norms' statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.func import functional_call

if TYPE_CHECKING:
    from torch import Tensor, nn

FORGOTTEN_STEPS = 10
"""The decay after n updates is at most (1 + n) / (10 + n), so that the beginning is forgotten (as
TensorFlow's ExponentialMovingAverage does it)."""


class AveragedWeights:
    """Follows a network, step by step; with it predictions are those of the average."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        """Begin with the weights as they are.

        Args:
            network: One member, or the fused network of several.
            decay: Share of the average that is kept in a step.
        """
        self.network = network
        self.decay = decay
        self.num_updates = 0
        self.tensors: dict[str, Tensor] = {
            name: tensor.detach().clone() for name, tensor in network.state_dict().items()
        }
        """The average of every tensor of the network's state; counters are as they are now."""

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (FORGOTTEN_STEPS + self.num_updates))
        current = self.network.state_dict()
        floats = [name for name, tensor in current.items() if tensor.is_floating_point()]
        torch._foreach_lerp_(
            [self.tensors[name] for name in floats], [current[name] for name in floats], 1 - decay
        )
        for name in current.keys() - set(floats):
            self.tensors[name].copy_(current[name])

    def predict(self, images: Tensor) -> Tensor:
        """Compute the network with the averaged weights."""
        logits: Tensor = functional_call(self.network, self.tensors, (images,))
        return logits

    def to(self, device: torch.device) -> None:
        """Move the average to a device."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}

    def state(self) -> dict[str, Any]:
        """Return the average and how many steps it has taken in."""
        return {"num_updates": self.num_updates, "tensors": dict(self.tensors)}

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from an earlier state."""
        self.num_updates = state["num_updates"]
        with torch.no_grad():
            for name, tensor in state["tensors"].items():
                self.tensors[name].copy_(tensor)
