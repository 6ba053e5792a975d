"""A trained ensemble as one module that predicts, with its members executed as asked.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ensemble_switchover.networks.ensemble import class_probabilities, ensemble_probabilities
from ensemble_switchover.networks.fused import Fused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.networks.ensemble import Ensemble


class FusedEnsemble(nn.Module):
    """The ensemble in one pass: the members' channels side by side, each member its own group."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.k = len(members)
        self.fused = Fused(members)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the ensemble's probabilities (B, classes)."""
        logits = self.fused(images.expand(self.k, *images.shape))
        return ensemble_probabilities(class_probabilities(logits))


class ParallelEnsemble(nn.Module):
    """The members side by side on a pool of threads; no gradients flow.

    On a CPU there are as many threads as torch uses, and a member is computed by one of them. On
    GPUs members are spread over all of them.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        num_threads = torch.get_num_threads()
        if next(self.parameters()).is_cuda:
            num_threads = len(members)
            for number, member in enumerate(members):
                member.to(torch.device("cuda", number % torch.cuda.device_count()))
        self._pool = _pool(min(num_threads, len(members)))

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the ensemble's probabilities (B, classes)."""
        kind = images.device.type
        mixed = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        parts = self._pool.map(partial(_predict_alone, images=images, mixed=mixed), self.members)
        return ensemble_probabilities(torch.stack(list(parts)))


@torch.no_grad()  # which every thread has to say for itself, and in what numbers it computes
def _predict_alone(member: nn.Module, *, images: Tensor, mixed: torch.dtype | None) -> Tensor:
    with torch.autocast(images.device.type, mixed) if mixed else nullcontext():
        logits: Tensor = member(images.to(next(member.parameters()).device))
    return class_probabilities(logits).to(images.device)


def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Start threads in which torch uses one; how many it uses elsewhere stays as it is."""
    elsewhere = torch.get_num_threads()
    started = Barrier(num_threads)

    def start() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # a thread takes the number over when it first looks at it
        started.wait()

    pool = ThreadPoolExecutor(num_threads, initializer=start)
    list(pool.map(id, range(num_threads)))
    torch.set_num_threads(elsewhere)
    return pool


class Predictor(nn.Module):
    """A served ensemble that takes images as they are decoded, and standardises them itself."""

    scale: Tensor
    shift: Tensor

    def __init__(self, served: nn.Module, scale: Tensor, shift: Tensor) -> None:
        """Take the ensemble, and the factors (C, 1, 1) of the standardisation it trained with."""
        super().__init__()
        self.served = served
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) of `uint8` to probabilities (B, classes) of `float32`."""
        probabilities: Tensor = self.served(images.to(self.scale.dtype) * self.scale - self.shift)
        return probabilities.float()


SERVED: dict[str, Callable[[Ensemble], nn.Module]] = {
    "sequential": lambda ensemble: ensemble,
    "fused": lambda ensemble: FusedEnsemble(list(ensemble.members)),
    "parallel": lambda ensemble: ParallelEnsemble(list(ensemble.members)),
}
"""The ways to execute the members in prediction, by name."""


def serve(ensemble: Ensemble, execution: str) -> nn.Module:
    """Return the ensemble as a module that predicts: images (B, C, H, W) to (B, classes).

    `sequential` takes the members one after another, `fused` all in one pass of grouped
    convolutions, `parallel` side by side on threads; the probabilities are the same to rounding.
    The module has the ensemble's own weights: of a fused one, the members' become views.
    """
    return SERVED[execution](ensemble).eval()
