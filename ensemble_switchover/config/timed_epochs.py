"""Which steps of a run a timing pass trains (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.batch_sizes import num_batches
from ensemble_switchover.config.measured_share import GAIN_TOGETHER

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec

UNTIMED_STEPS = 2
"""Steps of a member before its first timed epoch."""
LEAST_STEPS, MOST_STEPS = 5, 50
"""Steps of a member that are timed at least, and at most in one epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedEpochs:
    """Some epochs that are trained to be timed: a few steps of warm-up, and then timed ones."""

    warm_up_steps: int
    """Steps of a member in the first epoch, whose seconds do not count."""
    steps: int
    """Steps of a member in each timed epoch."""
    num_timed: int
    """Timed epochs; the last one ends with an evaluation."""

    @property
    def all_steps(self) -> int:
        """Steps of a member in all of these epochs."""
        return self.warm_up_steps + self.num_timed * self.steps

    def steps_in(self, epoch: int) -> int:
        """Return the steps of an epoch, counted from 0."""
        return self.steps if epoch else self.warm_up_steps


def timed_epochs(spec: RunSpec) -> tuple[TimedEpochs, int]:
    """Return which epochs of a run are timed, and how many steps a whole one has.

    With `measurement.share` they take at most that share of the run's training, even where seeds
    are trained together, but for `LEAST_STEPS`.
    """
    whole = num_batches(spec.train_size, spec.recipe.batch_size)
    steps = min(whole, MOST_STEPS)
    if spec.measurement.share is not None:
        affordable = int(spec.measurement.share * spec.recipe.epochs * whole / GAIN_TOGETHER)
        steps = min(steps, max(LEAST_STEPS, affordable))
    return (
        TimedEpochs(
            warm_up_steps=min(UNTIMED_STEPS, whole),
            steps=steps,
            num_timed=-(-LEAST_STEPS // steps),
        ),
        whole,
    )
