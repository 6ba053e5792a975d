"""The LightningModule that wraps the k homogeneous networks.

Dimensions: k members, m members of a group, N test images, B images of a batch.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch
from torch import Tensor

from ensemble_switchover.errors import TrainingError
from ensemble_switchover.training.checkpoint import Checkpoint
from ensemble_switchover.training.optimizer import make_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from torch.optim import SGD, Optimizer

    from ensemble_switchover.data.batches import Batch, EvaluationBatch
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.recipe import Recipe
    from ensemble_switchover.training.execution import Execution


class EnsembleModule(lightning.LightningModule):
    """Trains every member by its own optimizer, and predicts the test set after every epoch.

    Optimisation is manual: a step costs no bookkeeping beyond the members' own. Nothing is
    logged within an epoch; `train_loss` and `probabilities` are read by callbacks at its end.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        recipe: Recipe,
        execution_type: type[Execution],
        num_train_images: int,
        num_test_images: int,
        num_classes: int,
        *,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.ensemble = ensemble
        self.recipe = recipe
        self.execution_type = execution_type
        self.num_train_images = num_train_images
        self.num_test_images = num_test_images
        self.num_classes = num_classes
        self.compiled = compiled
        self.resumed: Checkpoint | None = None
        """Where training goes on from, in place of the beginning."""
        self.untimed: Callable[[], AbstractContextManager[None]] = nullcontext
        """Wraps what is no training work, though it happens between training steps."""
        self.execution: Execution
        self.step_losses: Tensor
        """(k, steps) mean cross-entropy of every batch of the current epoch, before its step."""
        self.probabilities: Tensor
        """(k, N, classes) the members' probabilities on the test set after the last epoch."""

    def _prepare(self, group: tuple[int, ...]) -> None:
        if not self.execution.is_ready(group):
            with self.untimed():
                self.execution.prepare(group)

    def _optimizers(self) -> list[Optimizer]:
        optimizers = self.optimizers(use_pl_optimizer=False)
        return optimizers if isinstance(optimizers, list) else [optimizers]

    def _restore(self, checkpoint: Checkpoint) -> None:
        for member, state in zip(self.ensemble.members, checkpoint.members, strict=True):
            member.load_state_dict(state)
        for optimizer, state in zip(self._optimizers(), checkpoint.optimizers, strict=True):
            optimizer.load_state_dict(state)
        torch.set_rng_state(checkpoint.generator)

    def checkpoint(self, rows: bytes, wall_seconds: float) -> Checkpoint:
        """Take everything that the following epochs depend on, after a whole epoch."""
        return Checkpoint(
            num_epochs=self.current_epoch + 1,
            members=[member.state_dict() for member in self.ensemble.members],
            optimizers=[optimizer.state_dict() for optimizer in self._optimizers()],
            generator=torch.get_rng_state(),
            rows=rows,
            wall_seconds=wall_seconds,
        )

    @property
    def k(self) -> int:
        """Number of members."""
        return len(self.ensemble.members)

    def configure_optimizers(self) -> list[SGD]:
        """Make one optimizer a member; weight decay is on every parameter, as in the papers."""
        return [make_optimizer(member, self.recipe) for member in self.ensemble.members]

    def on_fit_start(self) -> None:
        """Hand members and optimizers to the execution."""
        if self.resumed is not None:
            self._restore(self.resumed)
        self.execution = self.execution_type(
            list(self.ensemble.members),
            self._optimizers(),
            self.device,
            compiled=self.compiled,
        )
        shape = (self.k, self.num_test_images, self.num_classes)
        self.probabilities = torch.zeros(shape, device=self.device)

    def on_train_epoch_start(self) -> None:
        """Set the epoch's learning rate."""
        rate = self.recipe.learning_rate_at(self.current_epoch)
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        num_steps = -(-self.num_train_images // self.recipe.batch_size)
        self.step_losses = torch.zeros(self.k, num_steps, device=self.device)
        self._step = 0

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """Take one step of every member of the batch's group."""
        self._prepare(batch.members)
        losses = self.execution.train_step(batch.members, batch.images, batch.labels)
        for member, loss in zip(batch.members, losses.unbind(), strict=True):
            self.step_losses[member, self._step] = loss
        self._step = 0 if batch.ends_group else self._step + 1

    @property
    def train_loss(self) -> float:
        """Mean cross-entropy over the current epoch's training images and the members."""
        sizes = torch.full(self.step_losses.shape[1:], float(self.recipe.batch_size))
        sizes[-1] -= sizes.sum() - self.num_train_images
        return float((self.step_losses.double().cpu().mean(dim=0) * sizes).sum() / sizes.sum())

    def validation_step(self, batch: EvaluationBatch, batch_idx: int) -> None:
        """Predict test images with every member of the batch's group."""
        self._prepare(batch.members)
        logits = self.execution.logits(batch.members, batch.images)
        stop = batch.start + batch.images.shape[0]
        probabilities = logits.float().softmax(dim=-1)
        for member, predicted in zip(batch.members, probabilities, strict=True):
            self.probabilities[member, batch.start : stop] = predicted

    def on_validation_epoch_end(self) -> None:
        """Refuse to go on when a member has diverged.

        Raises:
            TrainingError: naming the member, the epoch and the step.
        """
        for member, (losses, probabilities) in enumerate(
            zip(self.step_losses.isfinite(), self.probabilities.isfinite(), strict=True)
        ):
            if not losses.all():
                step = losses.tolist().index(False) + 1
                where = f"in epoch {self.current_epoch + 1}, step {step} of {len(losses)}"
            elif not probabilities.all():
                where = f"after epoch {self.current_epoch + 1}"
            else:
                continue
            raise TrainingError(
                f"member {member}: the loss is not finite {where}; try a smaller "
                f"recipe.learning_rate"
            )

    def on_fit_end(self) -> None:
        """Bring every member back to the device."""
        self.execution.release()
