"""Runs that train the same networks share one training; each has its record (no torch)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ensemble_switchover.config.schema import plain
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.from_run_spec import budget_record, design_record
from ensemble_switchover.results.layout import (
    RECORD_FILE,
    VALIDATION_PREDICTIONS_FILE,
    WEIGHTS_FILE,
)
from ensemble_switchover.results.predictions import kept_epochs, kept_until, predictions_file
from ensemble_switchover.results.store import read_attachment, read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config
    from ensemble_switchover.config.study import Study


def finished_trainings(results: Path) -> dict[str, Path]:
    """Find the trainings below a folder: training fingerprint -> folder of one of its records."""
    if not results.is_dir():
        return {}
    found: dict[str, Path] = {}
    for folder in find_runs(results).recorded:
        try:
            training = read_document(folder).record.training_fingerprint
        except RecordError:
            continue  # reported where that run is read
        if training:
            found.setdefault(training, folder)
    return found


def spared_runs(study: Study, finished: Container[str]) -> set[str]:
    """Name the runs of a study that take their record from the training of another run.

    Args:
        study: The runs.
        finished: Names of the finished runs.
    """
    missing = [spec for spec in study.specs if spec.name not in finished]
    known = finished_trainings(study.specs[0].results) if missing else {}
    trained = {
        spec.training_fingerprint for spec in study.specs if spec.name in finished
    } | known.keys()
    spared = set()
    for spec in missing:
        if spec.training_fingerprint in trained:
            spared.add(spec.name)
        trained.add(spec.training_fingerprint)
    return spared


def share_record(spec: RunSpec, config: Config, source: Path) -> None:
    """Write the record of a run from that of a run that trained the same networks.

    Measurements are copied; name, budget, design class and configuration are the run's own.

    Args:
        spec: The run that need not be trained.
        config: The configuration it was resolved from.
        source: The folder of the run that was trained.

    Raises:
        RecordError: if the other record cannot be read, or is of another training.
        OSError: if the record cannot be written.
    """
    record = read_record(source / RECORD_FILE)
    if record.training_fingerprint != spec.training_fingerprint:
        raise RecordError(
            f"{source}: expected training {spec.training_fingerprint}, it has "
            f"{record.training_fingerprint}"
        )
    kept = read_document(source).files
    asked = kept_epochs(config.record.predictions, spec.recipe, spec.evaluated_epochs)
    wanted = [predictions_file(epoch) for epoch in kept_until(asked, len(record.epochs))]
    if asked:
        wanted.append(VALIDATION_PREDICTIONS_FILE)
    if config.record.weights:
        wanted.append(WEIGHTS_FILE)
    files = {name: read_attachment(source, name) for name in wanted if name in kept}
    budget = budget_record(spec)
    own = replace(
        record,
        name=spec.name,
        fingerprint=spec.fingerprint,
        shared_from=record.shared_from or record.name,
        study=spec.study,
        budget=budget,
        latencies=[
            entry
            for entry in record.latencies
            # the single network that was timed beside it may be another budget's
            if entry.model == "run" or record.budget == budget
        ],
        cascade_latencies=[
            entry if record.budget == budget else replace(entry, single=None)
            for entry in record.cascade_latencies
        ],
        design=design_record(spec),
        config=plain(config),
    )
    write_record(spec.folder, own, files)
