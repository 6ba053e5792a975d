"""The predictions that a run keeps, in files that survive its process until it is finished.

Dimensions: N test images.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.files import write_flushed_file
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.results.layout import predictions_folder
from ensemble_switchover.results.predictions import (
    Predictions,
    dump_predictions,
    kept_epochs,
    kept_until,
    load_predictions,
    predictions_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.epoch_result import EpochResult

_logger = logging.getLogger(__name__)


class PredictionFiles:
    """Keeps the predictions of some epochs; a full disk costs them, never the run."""

    def __init__(self, spec: RunSpec, which: str) -> None:
        """Take the run and the value of `record.predictions`."""
        self.folder = predictions_folder(spec.folder)
        self.epochs = kept_epochs(which, spec.recipe, spec.evaluated_epochs)
        self._last: Predictions | None = None
        """Those of the last epoch of the training, whether they are kept or not."""
        self._written: set[int] = set()
        """Epochs whose files this process wrote; others are of former processes of the run."""

    def add(self, result: EpochResult, labels: Tensor, *, is_last: bool = False) -> None:
        """Write the predictions of an epoch if they are to be kept.

        Args:
            result: The result of the epoch.
            labels: (N,) classes.
            is_last: Whether the training ends with the epoch.
        """
        is_asked = result.epoch in self.epochs or (is_last and bool(self.epochs))
        log_probabilities = result.log_probabilities if is_asked or is_last else None
        if log_probabilities is None:
            return
        predictions = Predictions(log_probabilities.numpy(), labels.int().cpu().numpy())
        if is_last:
            self._last = predictions
        if not is_asked:
            return
        try:
            write_flushed_file(
                self.folder / predictions_file(result.epoch), dump_predictions(predictions)
            )
        except OSError as error:
            _logger.warning(f"no predictions of epoch {result.epoch}: {sentence_of(error)}")
        else:
            self._written.add(result.epoch)

    def take_last(self, num_epochs: int) -> Predictions | None:
        """Return the predictions of the last epoch, and hold them no longer.

        Args:
            num_epochs: Epochs that were trained.

        Returns:
            None where a former process trained that epoch and its file is missing or damaged.
        """
        last, self._last = self._last, None
        if last is not None:
            return last
        try:
            return load_predictions((self.folder / predictions_file(num_epochs)).read_bytes())
        except (RecordError, OSError):  # `paths` tells it where it was to be kept
            return None

    def paths(self, num_epochs: int) -> Iterator[Path]:
        """Yield the path of every file, with a warning for each that is missing or damaged.

        Args:
            num_epochs: Epochs that were trained.
        """
        for epoch in kept_until(self.epochs, num_epochs):
            path = self.folder / predictions_file(epoch)
            if not path.is_file():
                _logger.warning(f"no predictions of epoch {epoch} beside the record")
                continue
            try:
                if epoch not in self._written:
                    load_predictions(path.read_bytes())
            except (RecordError, OSError) as error:
                _logger.warning(f"{path}: {error}; not kept beside the record")
                continue
            yield path
