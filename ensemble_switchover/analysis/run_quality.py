"""The quality of a run: of its record, or of the predictions that an older one kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.layout import PREDICTIONS_FILE
from ensemble_switchover.results.measure_quality import measure_quality
from ensemble_switchover.results.pools import read_predictions
from ensemble_switchover.results.study_folders import read_studies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.results.quality_metrics import QualityMetric
    from ensemble_switchover.results.quality_record import QualityRecord
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.study_folders import Studies


def quality_of(record: Record, folder: Path) -> QualityRecord | None:
    """Return the quality of a run after its last epoch.

    Nothing is opened where the record has it, or no predictions lie beside the record.

    Args:
        record: The run's record.
        folder: Its folder.

    Returns:
        None where neither the record nor kept predictions tell it.

    Raises:
        RecordError: if the predictions beside the record are damaged, or of another run.
    """
    if record.quality is not None:
        return record.quality
    epoch = record.epochs[-1].epoch
    if not (folder / PREDICTIONS_FILE.format(epoch=epoch)).exists():
        return None
    predictions = read_predictions(folder, epoch)
    return None if predictions is None else measure_quality(predictions)


def with_qualities(records: Mapping[Path, Record]) -> dict[Path, Record]:
    """Put the quality that kept predictions tell into older records.

    Predictions that cannot be used leave a record without; whatever else reads them says why.

    Args:
        records: Folder of each run -> its record.
    """
    found = {}
    for folder, record in records.items():
        try:
            quality = quality_of(record, folder)
        except RecordError:
            quality = None
        found[folder] = record if quality is record.quality else replace(record, quality=quality)
    return found


def read_studies_for(folders: Sequence[Path], metric: QualityMetric) -> Studies:
    """Read the records below several folders, with the quality that a metric is read from.

    Older records have it from their predictions, where they kept some and the metric asks for it.

    Args:
        folders: As `read_studies` takes them.
        metric: By which designs are compared.

    Raises:
        RecordError: if a folder is absent, or no run is finished.
    """
    studies = read_studies(folders)
    if metric.at_end is None:
        return studies
    records: list[Record] = []
    for record in studies.records:
        folder = studies.folders[record.study, record.name]
        records += with_qualities({folder: record}).values()
    return replace(studies, records=records)
