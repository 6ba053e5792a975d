"""What a seed of a design takes, by its finished runs: with other seeds, and without (no torch)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.document import Document
    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class SeedSeconds:
    """What a seed of a design took in the jobs that are finished."""

    share: float
    """Of the seconds of its job."""
    alone: float
    """What it would have taken without the others."""
    num_together: int
    """The most seeds that took their steps together."""

    def of_seeds(self, number: int) -> float:
        """Estimate what a job of so many seeds takes.

        A smaller group is no slower than the whole one, nor than its seeds one after another.

        >>> [SeedSeconds(10.0, 25.0, 4).of_seeds(number) for number in (1, 2, 4, 8)]
        [25.0, 40.0, 40.0, 80.0]
        """
        if number >= self.num_together:
            return number * self.share
        most = min(self.num_together * self.share, number * self.alone)
        return max(number * self.share, most)


def seed_seconds(documents: Sequence[Document], num_evaluations: int) -> SeedSeconds:
    """Read from the finished runs of a design what one of its seeds takes.

    Args:
        documents: The finished runs.
        num_evaluations: Epochs after which each of them was evaluated.
    """
    records = [document.record for document in documents]
    return SeedSeconds(
        share=fmean(map(seconds_with_wait, records)),
        alone=fmean(_seconds_alone(document, num_evaluations) for document in documents),
        num_together=max(
            1 if record.timing_pass is None else len(record.timing_pass.seeds) for record in records
        ),
    )


def seconds_with_wait(record: Record) -> float:
    """Return the seconds of a run, with what passed between the job before it and its own.

    The first run of a process has waited for the process, too, which may have done other things:
    that counts up to the seconds of the run itself.
    """
    waiting = 0.0 if record.seconds is None else record.seconds.waiting
    return record.wall_seconds + min(waiting, record.wall_seconds)


def _seconds_alone(document: Document, num_evaluations: int) -> float:
    """Return what a run would have taken if it had been trained without other seeds."""
    record, summary = document.record, document.summary
    if record.timing_pass is None or record.seconds is None or summary.epoch_seconds is None:
        return seconds_with_wait(record)
    seconds = record.seconds
    others = seconds_with_wait(record) - seconds.training - seconds.evaluation
    evaluation = num_evaluations * median(record.timing_pass.evaluation_seconds)
    return others + summary.num_epochs * summary.epoch_seconds + evaluation
