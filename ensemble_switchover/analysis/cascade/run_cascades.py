"""The cascades of a run: of its record, or of the predictions that an older one kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.results.measure_cascades import make_cascades
from ensemble_switchover.results.pools import read_predictions, read_validation_predictions
from ensemble_switchover.results.predictions import predictions_file

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.record import Record


def cascades_of(record: Record, folder: Path) -> list[CascadeRecord]:
    """Return the cascades of a run after its last epoch, from its record or its predictions.

    Nothing is opened where no predictions lie beside the record, so that asking many runs costs
    little.

    Args:
        record: The run.
        folder: Its folder.

    Returns:
        One for each exit rule; none of a single network, or without predictions.

    Raises:
        RecordError: if the predictions are damaged, removed, or not those of the run.
    """
    if record.cascades or record.design.k < 2:
        return list(record.cascades)
    epoch = record.epochs[-1].epoch
    if not (folder / predictions_file(epoch)).exists():
        return []
    found = read_predictions(folder, epoch)
    if found is None:
        return []
    return make_cascades(found, read_validation_predictions(folder))
