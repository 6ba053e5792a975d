"""Which of a run's latencies is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import SEQUENTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import LatencyRecord


@dataclass(frozen=True, slots=True)
class BatchLatencies:
    """What was timed by turns at one batch size."""

    sequential: LatencyRecord
    """The run's model, one member after another: the paper's way."""
    fastest: LatencyRecord
    """The same in its fastest execution, which may be that one."""
    single: LatencyRecord | None
    """The single network of the budget; absent in a single network's own run."""


def latencies_by_batch(latencies: Sequence[LatencyRecord]) -> dict[int, BatchLatencies]:
    """Sort a run's latencies out by batch size, the smallest first."""
    found = {}
    for size in sorted({entry.batch_size for entry in latencies}):
        own = [e for e in latencies if e.batch_size == size and e.model == "run"]
        single = [e for e in latencies if e.batch_size == size and e.model == "single"]
        sequential = [e for e in own if e.execution == SEQUENTIAL]
        if sequential:  # else memory sufficed for another model only
            fastest = min(own, key=lambda entry: entry.median_ms_per_image)
            found[size] = BatchLatencies(sequential[0], fastest, single[0] if single else None)
    return found


def latencies_at(
    latencies: Sequence[LatencyRecord], batch_size: int | None = None
) -> BatchLatencies | None:
    """Return a run's latencies at a batch size, or at its largest where it has not that one."""
    found = latencies_by_batch(latencies)
    if batch_size in found:
        return found[batch_size]
    return found[max(found)] if found else None
