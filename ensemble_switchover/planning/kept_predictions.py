"""What the predictions that runs keep take on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import quantity
from ensemble_switchover.results.predictions import predictions_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.config.schema import Config


def describe_kept(specs: Sequence[RunSpec], configs: Mapping[str, Config]) -> list[str]:
    """Say how large the predictions of some runs are, and by which key they are kept.

    Args:
        specs: The runs, those that share a training among them: each has its own files.
        configs: Their configurations by their names.

    Returns:
        A line; none where no run keeps predictions.
    """
    asked = {spec.name: configs[spec.name].record.predictions for spec in specs}
    sizes = [predictions_bytes(spec, asked[spec.name]) for spec in specs]
    if not sum(sizes):
        return []
    keys = ", ".join(f"record.predictions={which}" for which in sorted(set(asked.values())))
    of_run = f", {quantity(max(sizes))}B of the run with most" if len(sizes) > 1 else ""
    return [f"Predictions kept beside the records ({keys}): {quantity(sum(sizes))}B{of_run}"]
