"""The cascades of a run that ends, from the predictions of its last epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.cascade.run_cascades import make_cascades

if TYPE_CHECKING:
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.predictions import Predictions


def choose_cascades(kept: Predictions | None, held_out: Predictions | None) -> list[CascadeRecord]:
    """Choose the cascade of a run's members by each exit rule.

    Args:
        kept: Those of the last epoch that lie beside the record, from which everybody can choose
            again; None if there are none.
        held_out: Those of validation images beside them, which the threshold is chosen on.

    Returns:
        None for a single network or without predictions.
    """
    if kept is None or len(kept.log_probabilities) < 2:
        return []
    return make_cascades(kept, held_out)
