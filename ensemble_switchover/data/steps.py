"""The items of Lightning's training loop: some steps of a group of members at a time.

A loop over items costs some 100 microseconds an item, so that by default an item is a whole epoch
of a group. Callbacks that look at every batch have items of one step.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ensemble_switchover.config.batch_sizes import num_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ensemble_switchover.config.timed_epochs import TimedEpochs
    from ensemble_switchover.data.batches import Batch, TrainingBatches


class Steps(NamedTuple):
    """Consecutive training steps of a group of members, in one epoch."""

    members: tuple[int, ...]
    start: int
    """The first of the steps, counted from 0 in the epoch of the group."""
    is_last: bool
    """Whether the epoch of the group ends with them."""
    batches: Callable[[], Iterable[Batch]]
    """Returns the batches, each made when it is taken. (Lightning looks for tensors in whatever can
    be iterated over, and would take them.)"""
    batch: Batch | None = None
    """The batch of a single step, which is made already; None where there are several."""


@dataclass(eq=False)
class TrainingSteps:
    """The steps of every epoch, group by group."""

    batches: TrainingBatches
    steps_at_once: int | None = None
    """Steps of an item at most; None makes an item of every epoch of a group."""
    timed_epochs: TimedEpochs | None = None
    """Which steps are trained; None: all."""

    def __len__(self) -> int:
        return len(self.batches.groups) * -(-self._num_steps // self._at_once)

    def __iter__(self) -> Iterator[Steps]:
        whole, num_steps, at_once = self._whole, self._num_steps, self._at_once
        for group in self.batches.groups:
            with closing(self.batches.group_batches(group, self.batches.epoch())) as batches:
                for start in range(0, num_steps, at_once):
                    stop = min(start + at_once, num_steps)
                    # the last batches of an epoch end what makes them
                    taken = batches if stop == whole else islice(batches, stop - start)
                    if self.steps_at_once != 1:
                        yield Steps(group, start, stop == num_steps, partial(iter, taken))
                        continue
                    (batch,) = taken
                    yield Steps(group, start, stop == num_steps, partial(iter, (batch,)), batch)

    @property
    def _whole(self) -> int:
        return num_batches(len(self.batches.data), self.batches.batch_size)

    @property
    def _num_steps(self) -> int:
        """Steps of a group in the current epoch."""
        if self.timed_epochs is None:
            return self._whole
        return min(self._whole, self.timed_epochs.steps_in(self.batches.epoch()))

    @property
    def _at_once(self) -> int:
        return self.steps_at_once or self._num_steps
