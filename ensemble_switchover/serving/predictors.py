"""Predict with a trained ensemble, with the members run one after another, fused or in parallel.

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
    """An ensemble computed in one pass of grouped convolutions, one group per member."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.k = len(members)
        self.fused = Fused(members)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the ensemble's probabilities (B, classes)."""
        logits = self.fused(images.expand(self.k, *images.shape))
        return ensemble_probabilities(class_probabilities(logits))


class ParallelEnsemble(nn.Module):
    """An ensemble whose members run in parallel on a pool of threads, without gradients.

    On a CPU the pool has as many threads as torch uses, and one thread computes each member. With
    GPUs, the members are distributed over all of them.
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


@torch.no_grad()  # gradient mode and autocast are settings of each thread
def _predict_alone(member: nn.Module, *, images: Tensor, mixed: torch.dtype | None) -> Tensor:
    with torch.autocast(images.device.type, mixed) if mixed else nullcontext():
        logits: Tensor = member(images.to(next(member.parameters()).device))
    return class_probabilities(logits).to(images.device)


def _pool(num_threads: int) -> ThreadPoolExecutor:
    """Start a pool of threads in each of which torch itself uses a single thread."""
    elsewhere = torch.get_num_threads()
    started = Barrier(num_threads)

    def start() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # a thread adopts the number when it first reads it
        started.wait()

    pool = ThreadPoolExecutor(num_threads, initializer=start)
    list(pool.map(id, range(num_threads)))
    torch.set_num_threads(elsewhere)
    return pool


class Predictor(nn.Module):
    """An ensemble that predicts from decoded `uint8` images, and normalises them itself."""

    scale: Tensor
    shift: Tensor

    def __init__(self, served: nn.Module, scale: Tensor, shift: Tensor) -> None:
        """Combine an ensemble with the normalisation that it was trained with.

        Args:
            served: The ensemble, as `serve` returns it: maps normalised images (B, C, H, W) to
                probabilities (B, classes).
            scale: The factor (C, 1, 1) that pixels from 0 to 255 are multiplied by, in the dtype
                to compute in; `Normalisation.factors` returns both.
            shift: What is then subtracted, (C, 1, 1).
        """
        super().__init__()
        self.served = served
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, images: Tensor) -> Tensor:
        """Map `uint8` images (B, C, H, W) to `float32` probabilities (B, classes)."""
        probabilities: Tensor = self.served(images.to(self.scale.dtype) * self.scale - self.shift)
        return probabilities.float()


SERVING_EXECUTIONS: dict[str, Callable[[Ensemble], nn.Module]] = {
    "sequential": lambda ensemble: ensemble,
    "fused": lambda ensemble: FusedEnsemble(list(ensemble.members)),
    "parallel": lambda ensemble: ParallelEnsemble(list(ensemble.members)),
}
"""The function that makes the predicting module, by execution."""


def serve(ensemble: Ensemble, execution: str) -> nn.Module:
    """Return a module that predicts with an ensemble, in evaluation mode.

    Every execution gives the same probabilities, up to rounding. The module shares the ensemble's
    weights: with `fused`, those of the members become views of the fused ones.

    Args:
        ensemble: The ensemble, such as that of `load_ensemble`.
        execution: `sequential` runs the members one after another, `fused` all of them in one
            pass of grouped convolutions, `parallel` at the same time on several threads.

    Returns:
        A module that maps normalised images (B, C, H, W) to probabilities (B, classes).
        `Predictor` adds the normalisation to it.

    Raises:
        NoFusedFormError: if `execution` is `fused` and a layer has no fused form.
    """
    return SERVING_EXECUTIONS[execution](ensemble).eval()
