"""The LightningModule that wraps homogeneous networks: all k of a run, or those of one process.

Dimensions: m members, N test images, B images of a batch.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch
from torch import Tensor

from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.errors import DivergenceError
from ensemble_switchover.training.epoch_result import MemberState
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import make_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from torch.optim import SGD, Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.config.timed_epochs import TimedEpochs
    from ensemble_switchover.data.batches import Batch, EvaluationBatch, GroupEpoch
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.training.execution import Execution
    from ensemble_switchover.training.precision import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePoint:
    """The point from which training resumes."""

    num_epochs: int
    """Epochs trained before."""
    members: Sequence[MemberState]
    """The states of the members after the last of them."""


class EnsembleModule(lightning.LightningModule):
    """Trains every member by its own optimizer, and predicts the test set after epochs.

    Optimisation is manual, and a training step is a whole epoch of the members that share their
    steps: a step of theirs costs no bookkeeping beyond their own. Nothing is logged;
    `step_losses` and `probabilities` are read by callbacks at the end of an epoch.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        recipe: Recipe,
        plan: ExecutionPlan,
        precision: Precision,
        *,
        member_seeds: Sequence[int],
        num_test_images: int,
        num_classes: int,
        first_member: int = 0,
        compiled: bool = False,
        ends_at_divergence: bool = True,
    ) -> None:
        """Take the members, their seeds, and which of the run's members the first of them is.

        Without `ends_at_divergence` a member whose loss is not finite is left to the callbacks.
        """
        super().__init__()
        self.automatic_optimization = False
        self.ensemble = ensemble
        self.recipe = recipe
        self.execution_plan = plan
        self.precision = precision
        self.member_seeds = member_seeds
        self.num_test_images = num_test_images
        self.num_classes = num_classes
        self.first_member = first_member
        self.compiled = compiled
        self.ends_at_divergence = ends_at_divergence
        self.evaluated_at_once: int | None = None
        """Members that predict at once where their execution shares steps; None: all."""
        self.timed_epochs: TimedEpochs | None = None
        """Which steps are trained; None: all."""
        self.resume_point: ResumePoint | None = None
        """The point from which training resumes; None: it starts at the beginning."""
        self.untimed: Callable[[], AbstractContextManager[None]] = nullcontext
        """Wraps work between training steps that is not training."""
        self.compile_seconds = 0.0
        """Seconds spent on compiling in the current epoch."""
        self._compiled_for: set[tuple[tuple[int, ...], torch.Size]] = set()
        """Groups of members and shapes of batches for which steps have been compiled."""
        self.execution: Execution
        self.step_losses: list[Tensor]
        """(steps,) a member: mean cross-entropy of every batch of the current epoch."""
        self.probabilities: Tensor
        """(m, N, classes) the members' probabilities on the test set when it was last evaluated."""

    @property
    def num_members(self) -> int:
        """Number of members of this process."""
        return len(self.ensemble.members)

    def configure_optimizers(self) -> list[SGD]:
        """Make one optimizer a member."""
        return [
            make_optimizer(member, self.recipe, self.execution_plan, self.precision)
            for member in self.ensemble.members
        ]

    def on_fit_start(self) -> None:
        """Hand members and optimizers to the execution."""
        optimizers = self._optimizers()
        if self.resume_point is not None:
            for member, optimizer, state in zip(
                self.ensemble.members, optimizers, self.resume_point.members, strict=True
            ):
                member.load_state_dict(state.network)
                optimizer.load_state_dict(state.optimizer)
        self.execution = EXECUTIONS[self.execution_plan.within](
            list(self.ensemble.members),
            optimizers,
            self.device,
            self.precision,
            plan=self.execution_plan,
            compiled=self.compiled,
        )
        if self.evaluated_at_once is not None:
            self.execution.evaluate_in_parts(self.evaluated_at_once)
        if self.resume_point is not None and self.execution.scalers:
            self.execution.scalers = [state.scaler for state in self.resume_point.members]
        shape = (self.num_members, self.num_test_images, self.num_classes)
        self.probabilities = torch.zeros(shape, device=self.device)

    def member_states(self) -> list[MemberState]:
        """Return the states of all members after an epoch."""
        scalers = self.execution.scalers or [{}] * self.num_members
        return [
            MemberState(network=member.state_dict(), optimizer=one.state_dict(), scaler=scaler)
            for member, one, scaler in zip(
                self.ensemble.members, self._optimizers(), scalers, strict=True
            )
        ]

    def on_train_epoch_start(self) -> None:
        """Set the epoch's learning rate."""
        rate = self.recipe.learning_rate_at(self.current_epoch)
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        self.step_losses = [torch.empty(0)] * self.num_members
        self.compile_seconds = 0.0

    def training_step(self, epoch: GroupEpoch, batch_idx: int) -> None:
        """Take all steps of an epoch of the group's members."""
        self._prepare(epoch.members)
        seed = self.member_seeds[epoch.members[0]]
        torch.manual_seed(stream_seed(seed, Stream.LAYERS, self.current_epoch))
        losses = []
        limit = (
            None if self.timed_epochs is None else self.timed_epochs.steps_in(self.current_epoch)
        )
        for batch in islice(epoch.batches, limit):
            if self.compiled:
                self._compile_for(batch)
            losses.append(self.execution.train_step(*batch))
        for member, own in zip(epoch.members, torch.stack(losses, dim=1), strict=True):
            self.step_losses[member] = own

    def validation_step(self, batch: EvaluationBatch, batch_idx: int) -> None:
        """Predict test images with every member of the batch's group."""
        self._prepare(batch.members)
        logits = self.execution.logits(batch.members, batch.images)
        stop = batch.start + batch.images.shape[0]
        probabilities = logits.float().softmax(dim=-1)
        for member, predicted in zip(batch.members, probabilities, strict=True):
            self.probabilities[member, batch.start : stop] = predicted

    def on_validation_epoch_end(self) -> None:
        """Stop the training when a member has diverged."""
        self.stop_if_diverged()

    def stop_if_diverged(self) -> None:
        """Stop the training where a loss of the epoch, or a last prediction, is not finite.

        Raises:
            DivergenceError: naming the member, the epoch and the step.
        """
        if not self.ends_at_divergence:
            return
        losses = torch.stack(self.step_losses).isfinite()
        predicted = self.probabilities.isfinite().flatten(1).all(dim=1)
        if losses.all() and predicted.all():
            return
        epoch = self.current_epoch + 1
        bad = (~losses.all(dim=1) | ~predicted).tolist().index(True)
        steps = losses[bad].tolist()
        where = f"after epoch {epoch}"
        if not all(steps):
            where = f"in epoch {epoch}, step {steps.index(False) + 1} of {len(steps)}"
        raise DivergenceError(
            f"member {self.first_member + bad}: the loss is not finite {where}; try a smaller "
            f"recipe.learning_rate"
        )

    def on_fit_end(self) -> None:
        """Bring every member back to the device."""
        self.execution.release()

    def _compile_for(self, batch: Batch) -> None:
        """Compile the first step of its kind outside the training time."""
        kind = (batch.members, batch.images.shape)
        if kind in self._compiled_for:
            return
        self._compiled_for.add(kind)
        with self.untimed():
            start = time.perf_counter()
            self.execution.rehearse(*batch)
            self.compile_seconds += time.perf_counter() - start

    def _prepare(self, group: tuple[int, ...]) -> None:
        if not self.execution.is_ready(group):
            with self.untimed():
                self.execution.prepare(group)

    def _optimizers(self) -> list[Optimizer]:
        optimizers = self.optimizers(use_pl_optimizer=False)
        return optimizers if isinstance(optimizers, list) else [optimizers]
