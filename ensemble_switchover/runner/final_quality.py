"""The quality beyond error of a run that ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ensemble_switchover.results.measure_quality import measure_quality

if TYPE_CHECKING:
    from ensemble_switchover.results.predictions import Predictions
    from ensemble_switchover.results.quality_record import QualityRecord

_logger = logging.getLogger(__name__)


def run_quality(predictions: Predictions | None) -> QualityRecord | None:
    """Measure the quality of a run's last predictions, which never costs the run.

    Args:
        predictions: Those after the last epoch; None where they are not known.

    Returns:
        None, with a warning, where the memory does not suffice or they are no probabilities.
    """
    if predictions is None:
        return None
    try:
        return measure_quality(predictions)
    except MemoryError:
        _logger.warning("no quality beyond error: the memory of this machine does not suffice")
    except ValueError as error:
        _logger.warning(f"no quality beyond error: {error}")
    return None
