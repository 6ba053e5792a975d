"""Compute the measures of a finished run again, from the predictions that it kept.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.machine.files import write_file
from ensemble_switchover.measurement.quality.calibration import (
    adaptive_calibration_error,
    expected_calibration_error,
)
from ensemble_switchover.measurement.quality.class_errors import (
    confusion_counts,
    mean_class_error_percent,
)
from ensemble_switchover.measurement.quality.ensemble_answers import mean_log_probabilities
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.layout import RECOMPUTED_FILE, RECORD_FILE
from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.pools import read_predictions, read_validation_predictions
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.recomputed import (
    RecomputedEpoch,
    RecomputedMeasures,
    dump_recomputed,
)
from ensemble_switchover.results.store import read_record

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ensemble_switchover.results.epoch_metrics import EceBins, EpochRecord
    from ensemble_switchover.results.predictions import Predictions

CERTAIN_IN_HALF = 0.9997
"""Confidences above it may have been exactly 1 before they were kept in half precision."""


def recompute_run(folder: Path) -> list[int] | None:
    """Compute again what the predictions of a run tell better than its record, and keep it.

    The record and its other files stay as they are. Epochs whose calibration errors are computed
    rightly are left out, and so is everything that was computed again before.

    Args:
        folder: The run's folder.

    Returns:
        The epochs that were computed again; None where no predictions are kept.

    Raises:
        RecordError: if the record, its predictions or what was computed before cannot be read.
        OSError: if the result cannot be written.
    """
    record, before = read_record(folder / RECORD_FILE), read_document(folder).recomputed
    kept = [epoch for epoch in record.epochs if (folder / predictions_file(epoch.epoch)).exists()]
    if not kept:
        return None
    done = {} if before is None else {found.epoch: found for found in before.epochs}
    quality, cascades, last = record.quality, record.cascades, record.epochs[-1].epoch
    computed = []
    for epoch in kept:
        needs_quality = epoch.epoch == last and quality is None
        needs_cascades = epoch.epoch == last and not cascades and record.design.k > 1
        if _is_complete(epoch) and not needs_quality and not needs_cascades:
            continue
        predictions = read_predictions(folder, epoch.epoch)
        if predictions is None:  # a file that the record does not know
            continue
        if not _is_complete(epoch):
            done[epoch.epoch] = recompute_epoch(epoch, predictions)
        if needs_quality:
            quality = measure_quality(predictions)
        if needs_cascades:
            cascades = make_cascades(predictions, read_validation_predictions(folder))
        computed.append(epoch.epoch)
    if computed:
        measures = RecomputedMeasures(
            epochs=[done[key] for key in sorted(done)], quality=quality, cascades=cascades
        )
        write_file(folder / RECOMPUTED_FILE, dump_recomputed(measures, record), flush=True)
    return computed


def recompute_epoch(epoch: EpochRecord, predictions: Predictions) -> RecomputedEpoch:
    """Compute the measures of an epoch again from its predictions.

    Half precision does not tell NLL, and ECE within 0.0003 only: where no wrong answer was so
    certain that its bin matters, the ECE of the record stays. It is never more than that, since a
    bin in two parts can only raise it.
    """
    members, labels = predictions.log_probabilities, predictions.labels
    mean = mean_log_probabilities(members)
    eces = [_ece(each, labels) for each in (mean, *members)]
    bins: EceBins = "closed"
    if predictions.from_half and epoch.ece is not None:
        recorded = [epoch.ece, *epoch.member_ece]
        if len(recorded) == len(eces):
            doubtful = [_errs_certainly(each, labels) for each in (mean, *members)]
            eces = [
                min(found, known) if is_doubtful else known
                for found, known, is_doubtful in zip(eces, recorded, doubtful, strict=True)
            ]
            bins = "half" if any(doubtful) else "closed"
        else:  # the oldest records have none of the members
            bins = "half"
    answers = mean.argmax(axis=1)
    confusion = confusion_counts(labels, answers, mean.shape[1])
    nlls = [] if predictions.from_half else [_nll(each, labels) for each in (mean, *members)]
    return RecomputedEpoch(
        epoch=epoch.epoch,
        ece_bins=bins,
        ece=eces[0],
        member_ece=eces[1:],
        adaptive_ece=adaptive_calibration_error(*_confidences(mean, labels)),
        balanced_error_percent=mean_class_error_percent(confusion),
        nll_nats=nlls[0] if nlls else None,
        member_nll_nats=nlls[1:],
    )


def _is_complete(epoch: EpochRecord) -> bool:
    return epoch.ece_bins != "apart" and epoch.balanced_error_percent is not None


def _confidences(
    logarithms: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the confidences (N,) of answers by their logarithms (N, C), and which are right."""
    confidences = np.exp(logarithms.max(axis=1).astype(np.float64))
    return confidences, logarithms.argmax(axis=1) == labels


def _ece(logarithms: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    return expected_calibration_error(*_confidences(logarithms, labels))


def _errs_certainly(logarithms: NDArray[np.floating], labels: NDArray[np.integer]) -> bool:
    confidences, right = _confidences(logarithms, labels)
    return bool((~right & (confidences > CERTAIN_IN_HALF)).any())


def _nll(logarithms: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    return -float(logarithms[np.arange(len(labels)), labels].mean(dtype=np.float64))
