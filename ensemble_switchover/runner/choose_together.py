"""`sweep.together=auto`: whether the seeds of a design are trained together, by a group's epoch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ensemble_switchover.measurement.disturbance import TOLERATED_WAIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.runner.run_timing import RunTiming
    from ensemble_switchover.training.epoch_result import EpochResult

_logger = logging.getLogger(__name__)


class TogetherChoice:
    """What is quicker for the seeds of a job: decided once, for all of its groups."""

    def __init__(self, together: str) -> None:
        """Take `sweep.together`: with `seeds` it is decided already."""
        self.is_decided = together != "auto"
        """Whether it is known what is quicker."""
        self.is_apart = False
        """Whether that is apart."""
        self._seemed_slower = False
        """Whether a disturbed epoch of a group was slower."""

    def decide(self, timings: Sequence[RunTiming], result: EpochResult) -> None:
        """Compare an epoch of a group with epochs of its runs, one after another.

        An epoch that was disturbed and slower decides nothing; the next one does.

        Args:
            timings: What the timing pass found of the runs of the group.
            result: The result of an epoch of the group that is no warm-up.
        """
        evaluated = result.logits is not None
        apart = sum(timing.seconds_per_epoch(evaluated=evaluated) for timing in timings)
        ratio = apart / (result.training_seconds + result.evaluation_seconds)
        if ratio < 1 and result.waiting_share > TOLERATED_WAIT and not self._seemed_slower:
            self._seemed_slower = True
            return
        self.is_decided, self.is_apart = True, ratio < 1
        how = "apart" if self.is_apart else "together"
        _logger.info(
            f"sweep.together=auto: {len(timings)} seeds {how}; "
            f"together they are {ratio:.2f} times as fast as one after another"
        )
