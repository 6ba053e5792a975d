"""The cascades of a run that ends, from the predictions of its last epoch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ensemble_switchover.results.measure_cascades import make_cascades

if TYPE_CHECKING:
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.predictions import Predictions

_logger = logging.getLogger(__name__)


def choose_cascades(kept: Predictions | None, held_out: Predictions | None) -> list[CascadeRecord]:
    """Choose the cascade of a run's members by each exit rule, which never costs the run.

    Args:
        kept: Those of the last epoch that lie beside the record, from which everybody can choose
            again; None if there are none.
        held_out: Those of validation images beside them, which the threshold is chosen on.

    Returns:
        None for a single network or without predictions, and, with a warning, where the memory does
        not suffice.
    """
    if kept is None or len(kept.log_probabilities) < 2:
        return []
    try:
        return make_cascades(kept, held_out)
    except MemoryError:
        _logger.warning("no cascade: the memory of this machine does not suffice")
        return []
