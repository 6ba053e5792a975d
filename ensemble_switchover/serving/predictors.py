"""The executions of a trained ensemble: members one after another, fused or in parallel.

All of them take normalised images, and are inside of what users have: a `ServedEnsemble`, which
normalises images itself.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ensemble_switchover.networks.ensemble import MeanOfMembers, class_probabilities
from ensemble_switchover.networks.fused import Fused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ensemble_switchover.networks.ensemble import Ensemble


class FusedEnsemble(MeanOfMembers):
    """An ensemble computed in one pass of grouped convolutions, one group per member."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.k = len(members)
        self.fused = Fused(members)

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to each member's probabilities (k, B, classes)."""
        return class_probabilities(self.fused(images.expand(self.k, *images.shape)))


class ParallelEnsemble(MeanOfMembers):
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
        self._num_threads = min(num_threads, len(members))
        self._pool = _pool(self._num_threads)

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to each member's probabilities (k, B, classes)."""
        kind = images.device.type
        mixed = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        parts = self._pool.map(partial(_predict_alone, images=images, mixed=mixed), self.members)
        return torch.stack(list(parts))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_pool"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._pool = _pool(self._num_threads)  # a copy has threads of its own


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


SERVING_EXECUTIONS: dict[str, Callable[[Ensemble], MeanOfMembers]] = {
    "sequential": lambda ensemble: ensemble,
    "fused": lambda ensemble: FusedEnsemble(list(ensemble.members)),
    "parallel": lambda ensemble: ParallelEnsemble(list(ensemble.members)),
}
"""The function that makes the predicting module, by execution."""


def predictor_of_normalised(ensemble: Ensemble, execution: str) -> MeanOfMembers:
    """Return a module, in evaluation mode, that predicts from normalised images.

    It is what latencies are measured of, and part of a `ServedEnsemble`. Every execution gives the
    same probabilities, up to rounding. The module shares the ensemble's weights: with `fused`,
    those of the members become views of the fused ones.

    Args:
        ensemble: The ensemble.
        execution: `sequential` runs the members one after another, `fused` all of them in one
            pass of grouped convolutions, `parallel` at the same time on several threads.

    Raises:
        NoFusedFormError: if `execution` is `fused` and a layer has no fused form.
    """
    return SERVING_EXECUTIONS[execution](ensemble).eval()
