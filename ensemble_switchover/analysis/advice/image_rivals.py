"""The rivals of the advised design if the sampling of the test images is counted in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.collapse import training_of
from ensemble_switchover.analysis.image_sampling import compare_crossed
from ensemble_switchover.analysis.switchover.image_grid import read_runs, stack_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice, Rival
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class ImageRivals:
    """The designs that are not shown to be worse than the best, with the images' sampling in."""

    rivals: tuple[Rival, ...]
    """Best first; they include the rivals over seeds alone."""
    num_images: int


def find_image_rivals(advice: Advice, reader: ImageErrorReader) -> ImageRivals | None:
    """Compare the designs that are worse over seeds once more, with the images' sampling in.

    Args:
        advice: The advice by the error, by Welch's interval; others have no such answer.
        reader: Reads on which images runs err.

    Returns:
        The rivals; None if runs of a design that has to be compared kept no predictions of the
        epoch after which it was read, or of other images.
    """
    if advice.rule.method != "welch" or not advice.rule.quality.is_error:
        return None
    if advice.best is None or not advice.others:
        return None
    if any(r.design.cascade for r in (advice.best, *(o.reading for o in advice.others))):
        return None  # the images that a cascade errs on are not those of its ensemble
    best = advice.best
    rivals, num_images = [], 0
    for other in advice.others:
        if not other.is_worse:
            rivals.append(other)
            continue
        runs = [_counted_runs(reading, advice) for reading in (other.reading, best)]
        if best.epoch != other.reading.epoch:
            return None
        known, reasons = read_runs([*runs[0], *runs[1]], reader, best.epoch)
        if reasons:
            return None
        theirs, ours = (stack_seeds(of, known) for of in runs)
        found = compare_crossed(theirs, ours)
        num_images = theirs.shape[1]
        if found is None or found.interval(advice.rule.confidence).lower <= 0.0:
            rivals.append(other)
    return ImageRivals(tuple(rivals), num_images) if num_images else None


def _counted_runs(reading: Reading, advice: Advice) -> Sequence[Record]:
    """Return the runs of a reading whose errors count; what shares a training counts once."""
    collapsed = {(record.study, record.name) for record in reading.design.collapsed}
    left_out = set() if advice.rule.keep_collapsed else collapsed
    trainings: dict[RunKey, Record] = {}
    for record in sorted(reading.design.records, key=lambda r: r.shared_from is not None):
        if record.seed in reading.seed_errors and (record.study, record.name) not in left_out:
            trainings.setdefault(training_of(record), record)
    return list(trainings.values())
