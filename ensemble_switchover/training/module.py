"""The LightningModule that wraps homogeneous networks: all k of a run, or those of one process.

Dimensions: m members, N test images, B images of a batch.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytorch_lightning as lightning
import torch
from torch import Tensor

from ensemble_switchover.config.batch_sizes import num_batches
from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data import ImageDataModule
from ensemble_switchover.errors import DivergenceError
from ensemble_switchover.networks.ensemble import class_probabilities
from ensemble_switchover.training.epoch_result import MemberState, finite_softmax
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.learning_rates import learning_rates
from ensemble_switchover.training.logged_metrics import evaluation_metrics, training_metrics
from ensemble_switchover.training.optimizer import load_state, optimizer_of_member

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from torch.optim import Optimizer

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.recipe import Recipe
    from ensemble_switchover.data import SplitImages
    from ensemble_switchover.data.batches import Batch, EvaluationBatch
    from ensemble_switchover.data.steps import Steps
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
    callbacks: Mapping[str, Any] = field(default_factory=dict)
    """The states of the user's callbacks, by name."""
    stop_requested: bool = False
    """Whether a callback has asked for the end of the training."""

    def is_stopped(self, evaluated_epochs: Collection[int]) -> bool:
        """Return whether callbacks have ended the training, which is after an evaluated epoch."""
        return self.stop_requested and self.num_epochs in evaluated_epochs


class EnsembleModule(lightning.LightningModule):
    """Trains every member by its own optimizer, and predicts the test set after epochs.

    Optimisation is manual: the execution of the members takes their steps. How many of them one
    call of `training_step` takes is up to the data module (`steps_at_once`), and changes nothing
    of what is learnt. `step_losses`, `logits` and `probabilities` are read by callbacks at the end
    of an epoch.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        recipe: Recipe,
        plan: ExecutionPlan,
        precision: Precision,
        *,
        member_seeds: Sequence[int],
        num_train_images: int,
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
        self.num_train_images = num_train_images
        self.num_test_images = num_test_images
        self.num_classes = num_classes
        self.first_member = first_member
        self.compiled = compiled
        self.ends_at_divergence = ends_at_divergence
        self.logs_metrics = False
        """Whether metrics of every epoch are logged for callbacks (`training.logged_metrics`)."""
        self.evaluated_at_once: int | None = None
        """Members that predict at once where their execution shares steps; None: all."""
        self.resume_point: ResumePoint | None = None
        """The point from which training resumes; None: it starts at the beginning."""
        self.untimed: Callable[[], AbstractContextManager[None]] = nullcontext
        """Wraps work between training steps that is not training."""
        self.compile_seconds = 0.0
        """Seconds spent on compiling in the current epoch."""
        self._compiled_for: set[tuple[tuple[int, ...], torch.Size]] = set()
        """Groups of members and shapes of batches for which steps have been compiled."""
        self.learning_rate_at: Callable[[int, int], float]
        """The learning rate at an epoch and a step of it, both counted from 0."""
        self.execution: Execution
        self.step_losses: list[Tensor]
        """(steps,) a member: loss of every batch of the current epoch."""
        self._group_losses: list[Tensor] = []
        """(m,) a step of the group that is trained, in the current epoch."""
        self.logits: Tensor
        """(m, N, classes) the members' logits on the test set when it was last evaluated, in
        float32; of them probabilities follow, and their logarithms without loss."""

    @property
    def probabilities(self) -> Tensor:
        """(m, N, classes) softmax of the logits, made anew by every call."""
        return class_probabilities(self.logits)

    @property
    def num_members(self) -> int:
        """Number of members of this process."""
        return len(self.ensemble.members)

    def configure_optimizers(self) -> list[Optimizer]:
        """Make one optimizer a member."""
        return [
            optimizer_of_member(member, self.recipe, self.execution_plan, self.precision)
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
                load_state(optimizer, state.optimizer)
        self.execution = EXECUTIONS[self.execution_plan.within](
            list(self.ensemble.members),
            optimizers,
            self.device,
            self.precision,
            recipe=self.recipe,
            plan=self.execution_plan,
            compiled=self.compiled,
        )
        if self.evaluated_at_once is not None:
            self.execution.evaluate_in_parts(self.evaluated_at_once)
        if self.resume_point is not None and self.execution.scalers:
            self.execution.scalers = [state.scaler for state in self.resume_point.members]
        if self.resume_point is not None and self.recipe.ema_decay is not None:
            self.execution.averages = [state.average for state in self.resume_point.members]
        steps = num_batches(self.num_train_images, self.recipe.batch_size)
        self.learning_rate_at = learning_rates(self.recipe, steps)
        shape = (self.num_members, self.num_test_images, self.num_classes)
        self.logits = torch.zeros(shape, device=self.device)

    def member_states(self) -> list[MemberState]:
        """Return the states of all members after an epoch."""
        scalers = self.execution.scalers or [{}] * self.num_members
        averages = self.execution.averages or [{}] * self.num_members
        return [
            MemberState(network=member.state_dict(), optimizer=one, scaler=scaler, average=average)
            for member, one, scaler, average in zip(
                self.ensemble.members,
                self.execution.optimizer_states,
                scalers,
                averages,
                strict=True,
            )
        ]

    def on_train_epoch_start(self) -> None:
        """Forget the losses of the epoch before."""
        self.step_losses = [torch.empty(0)] * self.num_members
        self.compile_seconds = 0.0

    def set_learning_rate(self, members: Iterable[int], step: int) -> None:
        """Set the learning rate of members before they take a step, counted from 0 in the epoch."""
        if step and not self.recipe.schedule.moves_within_epochs:
            return
        rate = self.learning_rate_at(self.current_epoch, step)
        optimizers = self._optimizers()
        for member in members:
            for group in optimizers[member].param_groups:
                group["lr"] = rate

    def training_step(self, steps: Steps, batch_idx: int) -> dict[str, Tensor]:
        """Take some steps of a group of members.

        Returns:
            What `on_train_batch_end` of a callback is given as `outputs`: `loss`, the mean over the
            members, and `member_losses` (m,), both means over the steps, detached.
        """
        self._prepare(steps.members)
        if not steps.start:
            seed = self.member_seeds[steps.members[0]]
            torch.manual_seed(stream_seed(seed, Stream.LAYERS, self.current_epoch))
            self._group_losses = []
        for step, batch in enumerate(steps.batches(), steps.start):
            self.set_learning_rate(steps.members, step)
            if self.compiled:
                self._compile_for(batch)
            self._group_losses.append(self.execution.train_step(*batch))
        losses = torch.stack(self._group_losses[steps.start :], dim=1)
        self._count_steps(losses.shape[1])
        if steps.is_last:
            whole = torch.stack(self._group_losses, dim=1) if steps.start else losses
            for member, own in zip(steps.members, whole, strict=True):
                self.step_losses[member] = own
        member_losses = losses.mean(dim=1)
        return {"loss": member_losses.mean(), "member_losses": member_losses}

    def validation_step(self, batch: EvaluationBatch, batch_idx: int) -> None:
        """Predict test images with every member of the batch's group."""
        self._prepare(batch.members)
        logits = self.execution.logits(batch.members, batch.images)
        stop = batch.start + batch.images.shape[0]
        for member, predicted in zip(batch.members, logits, strict=True):
            self.logits[member, batch.start : stop] = predicted

    def on_validation_epoch_end(self) -> None:
        """Stop the training when a member has diverged; log the errors for callbacks."""
        self.stop_if_diverged()
        if self.logs_metrics:
            errors = evaluation_metrics(self.probabilities, self._images.test.labels)
            self.log_dict({**errors, **self._training_metrics()}, prog_bar=True, logger=False)

    def on_train_epoch_end(self) -> None:
        """Log the metrics of the training for callbacks."""
        if self.logs_metrics:
            self.log_dict(self._training_metrics(), prog_bar=True, logger=False)

    def stop_if_diverged(self) -> None:
        """Stop the training where a loss of the epoch, or a last prediction, is not finite.

        Raises:
            DivergenceError: naming the member, the epoch and the step.
        """
        if not self.ends_at_divergence:
            return
        losses = torch.stack(self.step_losses).isfinite()
        predicted = finite_softmax(self.logits)
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

    def _training_metrics(self) -> dict[str, float]:
        rate = float(self._optimizers()[-1].param_groups[0]["lr"])
        losses, num_images = torch.stack(self.step_losses), len(self._images.train)
        return training_metrics(losses, self.recipe.batch_size, num_images, rate)

    @property
    def _images(self) -> SplitImages:
        data = self.trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, ImageDataModule)
        return data.split

    def _count_steps(self, number: int) -> None:
        """Let `trainer.global_step` count the steps, which Lightning does not see."""
        taken = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
        taken.ready += number
        taken.completed += number

    def _prepare(self, group: tuple[int, ...]) -> None:
        if not self.execution.is_ready(group):
            with self.untimed():
                self.execution.prepare(group)

    def _optimizers(self) -> list[Optimizer]:
        optimizers = self.optimizers(use_pl_optimizer=False)
        return optimizers if isinstance(optimizers, list) else [optimizers]
