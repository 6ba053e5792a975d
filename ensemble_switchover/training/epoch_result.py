"""The result of one epoch: losses, predictions, times, memory and states of the members.

Dimensions: m members of the process, k of the run, N test images.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from ensemble_switchover.config.batch_sizes import batch_sizes
from ensemble_switchover.machine.units import most_known
from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.networks.ensemble import class_log_probabilities, class_probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberState:
    """The state of a member after an epoch, on which its following epochs depend.

    Random numbers are no part of it: every epoch draws its own streams from the member's seed.
    """

    network: dict[str, Tensor]
    """Weights and the statistics of batch norms."""
    optimizer: dict[str, Any]
    """The state of the optimizer, momentum among it."""
    scaler: dict[str, Any]
    """The state of the gradient scaler; empty where the loss is not scaled."""
    average: dict[str, Any] = field(default_factory=dict)
    """The state of the averaged weights; empty where none are averaged."""

    @property
    def evaluated(self) -> dict[str, Tensor]:
        """The tensors of the network that predicts: the average where there is one."""
        averaged: dict[str, Tensor] = self.average.get("tensors", self.network)
        return averaged


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochResult:
    """One epoch of the members of one process, or of all of them."""

    epoch: int
    """Counted from 1."""
    warm_up: bool
    """True for the first epoch of a process."""
    learning_rate: float
    """The learning rate of the first step of the epoch."""
    step_losses: Tensor
    """(m, steps) loss of every batch, before its step."""
    logits: Tensor | None
    """(m, N, classes) on the test images, after the epoch, in float32; None where it was not
    evaluated."""
    training_seconds: float
    """Seconds of the training work."""
    member_training_seconds: list[float]
    """Each member's share of the seconds of its process's training work."""
    compile_seconds: float
    """Seconds of compiling, which are not part of the training work."""
    waiting_share: float
    """Time that threads waited for a processor, as a share of their working time in training."""
    evaluation_seconds: float
    peak: PeakMemory
    member_peak_device_bytes: list[int]
    """Peak bytes of each member's own training; empty where unknown, or where members share it."""
    members: list[MemberState]
    callbacks: dict[str, Any] = field(default_factory=dict)
    """States of the user's callbacks after the epoch, by name."""
    stop_requested: bool = False
    """Whether a callback has asked for the end of the training, which is after this epoch where it
    was evaluated."""
    logged: dict[str, float] = field(default_factory=dict)
    """The last values of what callbacks logged in the epoch."""

    @property
    def probabilities(self) -> Tensor | None:
        """(m, N, classes) softmax of the logits, made anew by every call; None where they are."""
        return None if self.logits is None else class_probabilities(self.logits)

    @property
    def log_probabilities(self) -> Tensor | None:
        """(m, N, classes) logarithms of the softmax on the host: none is lost that is nearly 0."""
        return None if self.logits is None else class_log_probabilities(self.logits)


def join(results: Sequence[EpochResult]) -> EpochResult:
    """Join the results of all processes of a run, members in order.

    Processes work side by side: an epoch takes as long as the slowest of them.
    """
    first = results[0]
    assert all(result.epoch == first.epoch for result in results)
    return EpochResult(
        epoch=first.epoch,
        warm_up=any(result.warm_up for result in results),
        learning_rate=first.learning_rate,
        step_losses=torch.cat([result.step_losses for result in results]),
        logits=_joined([result.logits for result in results]),
        training_seconds=max(result.training_seconds for result in results),
        member_training_seconds=[s for result in results for s in result.member_training_seconds],
        compile_seconds=max(result.compile_seconds for result in results),
        waiting_share=max(result.waiting_share for result in results),
        evaluation_seconds=max(result.evaluation_seconds for result in results),
        peak=PeakMemory(
            device_bytes=most_known([result.peak.device_bytes for result in results]),
            reserved_bytes=most_known([result.peak.reserved_bytes for result in results]),
            rss_bytes=_sum([result.peak.rss_bytes for result in results]),
        ),
        member_peak_device_bytes=_of_all_members(results),
        members=[member for result in results for member in result.members],
    )


def split_by_run(result: EpochResult, members_each: int) -> Iterator[EpochResult]:
    """Split the result of an epoch of runs that were trained together into those of each run.

    A run has its share of the seconds; memory is that of all runs. The states of its members are
    copies, which do not change with the next steps; they are made when it is the run's turn.

    Args:
        result: The result of all members, in the order of the runs.
        members_each: Members of each run.
    """
    num_members = len(result.members)
    share = members_each / num_members
    for first in range(0, num_members, members_each):
        own = slice(first, first + members_each)
        yield replace(
            result,
            step_losses=result.step_losses[own],
            logits=None if result.logits is None else result.logits[own],
            training_seconds=result.training_seconds * share,
            member_training_seconds=result.member_training_seconds[own],
            compile_seconds=result.compile_seconds * share,
            evaluation_seconds=result.evaluation_seconds * share,
            member_peak_device_bytes=[],
            members=[_copied(member) for member in result.members[own]],
        )


def finite_runs(result: EpochResult, members_each: int) -> list[bool]:
    """Return of each run whether its losses and predictions of an epoch are finite numbers.

    Where those of a run are not, the weights of the others are looked at, too: some kernels let a
    network that is no number spoil its neighbours (oneDNN's in bfloat16), which their losses do not
    tell before the next step.

    Args:
        result: The result of all members, in the order of the runs.
        members_each: Members of each run.
    """
    measured = result.step_losses.isfinite().all(dim=1).cpu()
    if result.logits is not None:
        measured &= finite_softmax(result.logits).cpu()
    finite = measured.tolist()
    if not all(finite):
        finite = [
            known and all(bool(tensor.isfinite().all()) for tensor in state.network.values())
            for known, state in zip(finite, result.members, strict=True)
        ]
    return [
        all(finite[first : first + members_each]) for first in range(0, len(finite), members_each)
    ]


def finite_softmax(logits: Tensor) -> Tensor:
    """Return of each member (m,) whether the softmax of its logits (m, N, classes) is finite.

    It is where the largest logit of every image is; others may be -inf, of a probability of 0.

    >>> inf, nan = float("inf"), float("nan")
    >>> finite_softmax(torch.tensor([[[0.0, -inf]], [[0.0, inf]], [[nan, 0.0]], [[-inf, -inf]]]))
    tensor([ True, False, False, False])
    """
    return logits.amax(dim=-1).isfinite().all(dim=1)


def _copied(member: MemberState) -> MemberState:
    return MemberState(
        network=_copied_tensors(member.network),
        optimizer=_copied_tensors(member.optimizer),
        scaler=_copied_tensors(member.scaler),
        average=_copied_tensors(member.average),
    )


def _copied_tensors(value: Any) -> Any:
    """Copy the tensors in nested lists and mappings."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {key: _copied_tensors(entry) for key, entry in value.items()}
    return [_copied_tensors(entry) for entry in value] if isinstance(value, list) else value


def _joined(logits: Sequence[Tensor | None]) -> Tensor | None:
    """Join the logits of all members; None where the epoch was not evaluated."""
    known = [part for part in logits if part is not None]
    assert len(known) in (0, len(logits))
    return torch.cat(known) if known else None


def _of_all_members(results: Sequence[EpochResult]) -> list[int]:
    """Return the peaks of all members; empty if one of them has none."""
    if any(len(result.member_peak_device_bytes) != len(result.members) for result in results):
        return []
    return [peak for result in results for peak in result.member_peak_device_bytes]


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def mean_loss(step_losses: Tensor, batch_size: int, num_images: int) -> float:
    """Average the losses (m, steps) of batches over images and members, by `batch_sizes`.

    >>> mean_loss(torch.tensor([[1.0, 4.0]]), batch_size=16, num_images=24)
    2.0
    >>> mean_loss(torch.tensor([[1.0, 6.0]]), batch_size=2, num_images=5)
    3.0
    """
    sizes = torch.tensor(batch_sizes(num_images, batch_size), dtype=torch.float64)
    return float((step_losses.double().cpu().mean(dim=0) * sizes).sum() / sizes.sum())
