"""Which of a run's latencies is which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ensemble_switchover.config.execution_plan import SEQUENTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import LatencyRecord

LATENCY_BATCH_SIZE = 128
"""Batch size of the latency in tables, where it was measured."""


@dataclass(frozen=True, slots=True)
class BatchLatencies:
    """What was timed alternately at one batch size."""

    sequential: LatencyRecord
    """The run's model, one member after another: the paper's execution."""
    fastest: LatencyRecord
    """The same model in its fastest execution, which may be that one."""
    single: LatencyRecord | None
    """The single network of the budget; absent in a single network's own run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFacts:
    """A run's latency in the columns of a table."""

    latency_ms_per_image: float
    """Inference of the whole model, one member after another: median over the repeats."""
    latency_batch_size: int
    """Batch size of the latencies: 128, or the largest measured where that was not."""
    fastest_latency_ms_per_image: float
    """Inference of the whole model by its fastest execution that was measured."""
    fastest_latency_execution: str
    """The execution that was the fastest."""
    single_latency_ms_per_image: float | None
    """Inference of the single network of the budget, timed alternately with the run's model."""

    @classmethod
    def of(cls, latencies: Sequence[LatencyRecord]) -> LatencyFacts | None:
        """Choose from a run's latencies; None where none was measured."""
        found = latencies_at(latencies, LATENCY_BATCH_SIZE)
        if found is None:
            return None
        single = found.single
        return cls(
            latency_ms_per_image=found.sequential.median_ms_per_image,
            latency_batch_size=found.sequential.batch_size,
            fastest_latency_ms_per_image=found.fastest.median_ms_per_image,
            fastest_latency_execution=found.fastest.execution,
            single_latency_ms_per_image=single.median_ms_per_image if single else None,
        )


def latencies_by_batch(latencies: Sequence[LatencyRecord]) -> dict[int, BatchLatencies]:
    """Sort a run's latencies by batch size, the smallest first."""
    found = {}
    for size in sorted({entry.batch_size for entry in latencies}):
        own = [e for e in latencies if e.batch_size == size and e.model == "run"]
        single = [e for e in latencies if e.batch_size == size and e.model == "single"]
        sequential = [e for e in own if e.execution == SEQUENTIAL]
        if sequential:  # else the memory sufficed for another model only
            fastest = min(own, key=lambda entry: entry.median_ms_per_image)
            found[size] = BatchLatencies(sequential[0], fastest, single[0] if single else None)
    return found


def latencies_at(
    latencies: Sequence[LatencyRecord], batch_size: int | None = None
) -> BatchLatencies | None:
    """Return a run's latencies at a batch size, or at its largest where that was not measured."""
    found = latencies_by_batch(latencies)
    if batch_size in found:
        return found[batch_size]
    return found[max(found)] if found else None
