"""Training steps and predictions of a run's members on images of noise, to be timed."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.data.batches import TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.training.assemble import augmentation_of, build_ensemble, mixing_of
from ensemble_switchover.training.execution import EXECUTIONS
from ensemble_switchover.training.optimizer import optimizer_of_member

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision

NUM_BATCHES = 4
"""Batches of noise, which are used again and again."""


class TimedSteps:
    """The members of one process that share a step, executed as a plan says.

    For all members of a process to take a step, `plan.turns(k)` such steps follow one another.
    """

    def __init__(
        self, spec: RunSpec, plan: ExecutionPlan, device: torch.device, precision: Precision
    ) -> None:
        """Build as many members as share a step, with their batches and their augmentation."""
        self.spec = spec
        self.device = device
        self.precision = precision
        self.group = tuple(range(plan.members_at_once(spec.design.k)))
        self.ensemble = build_ensemble(spec, self.group).to(device, precision.dtype)
        members = list(self.ensemble.members)
        self.execution = EXECUTIONS[plan.within](
            members,
            [optimizer_of_member(member, spec.recipe, plan, precision) for member in members],
            device,
            precision,
            recipe=spec.recipe,
            plan=plan,
            compiled=spec.compile,
        )
        self.execution.prepare(self.group)
        noise = _noise(spec, device)
        batches = TrainingBatches(
            noise,
            groups=(self.group,),
            member_seeds=self.group,
            batch_size=spec.recipe.batch_size,
            augmentation=augmentation_of(spec),
            mixing=mixing_of(spec),
            normalisation=Normalisation.of(noise.images),
            dtype=precision.dtype,
            epoch=lambda: 0,
        )
        self._batches = chain.from_iterable(repeat(batches))

    def step(self) -> None:
        """Take a training step, the making of its batch included."""
        self.ensemble.train()
        batch = next(self._batches)
        self.execution.train_step(batch.members, batch.images, batch.labels)

    def predictor(self, num_images: int) -> Callable[[], Tensor]:
        """Return what predicts the logits of so many images."""
        task = self.spec.task
        shape = (num_images, task.channels, task.size, task.size)
        images = torch.randn(shape, device=self.device, dtype=self.precision.dtype)

        def predict() -> Tensor:
            self.ensemble.eval()
            with torch.inference_mode():
                return self.execution.logits(self.group, images)

        return predict


def _noise(spec: RunSpec, device: torch.device) -> ImageSet:
    task = spec.task
    num_images = NUM_BATCHES * spec.recipe.batch_size
    shape = (num_images, task.channels, task.size, task.size)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    labels = torch.randint(0, task.num_classes, (num_images,))
    return ImageSet(images, labels).to(device)
