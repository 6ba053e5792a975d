"""Differences image by image, and runs whose predictions err on given images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.analysis.image_sampling import CrossedDifference
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    predictions_file,
)
from ensemble_switchover.results.store import write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ensemble_switchover.results.record import Record
    from tests.factories import DesignClassName

NUM_IMAGES = 200
LABELS = np.arange(NUM_IMAGES, dtype=np.int32) % 2
LAST = 3
SHARES = {"single": 0.3, "deq": 0.1, "weq": 0.29}
"""Design class -> share of the images on which a run errs."""


def difference(
    mean: float = -3.0, runs: float = 0.5, images: float = 0.1, degrees: float = 50.0
) -> CrossedDifference:
    """Make a difference with these standard errors."""
    return CrossedDifference(mean, runs, images, degrees, 3, NUM_IMAGES)


def errors_of_run(design_class: str, width: int, seed: int) -> NDArray[np.bool_]:
    """Return on which images a run errs: some images are hard for all runs."""
    hard = np.random.default_rng(0).random(NUM_IMAGES)
    own = np.random.default_rng([width, seed, len(design_class), ord(design_class[0])])
    found: NDArray[np.bool_] = hard + 0.4 * own.random(NUM_IMAGES) > 1.2 - SHARES[design_class]
    return found


def predict(errors: NDArray[np.bool_], k: int) -> bytes:
    """Write predictions of k equal members that err on these images."""
    answers = np.where(errors, 1 - LABELS, LABELS)
    probabilities = np.where(answers[:, None] == np.arange(2), 0.9, 0.1).astype(np.float16)
    return dump_predictions(
        Predictions.of_probabilities(np.repeat(probabilities[None], k, axis=0), LABELS)
    )


def write_run(
    folder: Path, design_class: DesignClassName, width: int, seed: int, *, keep: bool = True
) -> Record:
    """Write a run of three epochs, the last of whose predictions it keeps."""
    errors = errors_of_run(design_class, width, seed)
    record = make_record(
        design_class=design_class,
        width=width,
        seed=seed,
        test_errors=[60.0, 50.0, 100.0 * errors.mean()],
        dataset={"num_classes": 2, "test_size": NUM_IMAGES},
    )
    content = predict(errors, record.design.k)
    files: dict[str, bytes | Path] = {predictions_file(LAST): content} if keep else {}
    write_record(folder / record.name, record, files)
    return record
