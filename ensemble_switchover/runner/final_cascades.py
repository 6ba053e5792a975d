"""The cascades of a run that ends, from the predictions that it keeps of its last epoch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.cascade.run_cascades import make_cascades
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.results.predictions import load_predictions

if TYPE_CHECKING:
    from pathlib import Path

    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.predictions import Predictions

_logger = logging.getLogger(__name__)


def choose_cascades(k: int, kept: Path | None, held_out: Predictions | None) -> list[CascadeRecord]:
    """Choose the cascade of a run's members by each exit rule.

    Args:
        k: Number of members.
        kept: The file of the last epoch's predictions; None if there is none.
        held_out: Predictions of validation images beside them, which the threshold is chosen on.

    Returns:
        None for a single network or without predictions; a file that cannot be read costs the
        cascades, with a warning, and never the run.
    """
    if k < 2 or kept is None:
        return []
    try:
        return make_cascades(load_predictions(kept.read_bytes()), held_out)
    except RecordError as error:
        _logger.warning(f"{kept}: {error}; no cascade")
    except OSError as error:
        _logger.warning(f"no cascade: {sentence_of(error)}")
    return []
