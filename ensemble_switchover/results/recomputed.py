"""`recomputed.json`: measures that were computed again from the predictions that a run kept.

A record is never changed. What this file says replaces what the record and its epochs say wherever
they are read; without it they are as they were. It holds a checksum of its own, and the fingerprint
and the start of the run that it is of.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from ensemble_switchover.errors import RecordError

# read by pydantic:
from ensemble_switchover.results.cascade_record import CascadeRecord  # noqa: TC001
from ensemble_switchover.results.epoch_metrics import (
    QUALITY,
    EceBins,
)
from ensemble_switchover.results.layout import RECOMPUTED_FILE
from ensemble_switchover.results.own_checksum import NO_CHECKSUM, read_signed, sign_text
from ensemble_switchover.results.quality_record import QualityRecord  # noqa: TC001
from ensemble_switchover.results.stored_values import Factor  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary

RECOMPUTED_VERSION = 1
_REMEDY = "remove it, and let results --recompute-quality write it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputedEpoch:
    """Measures of an epoch; those that are None, or empty, are left as they were."""

    epoch: Factor
    ece_bins: EceBins
    ece: float
    member_ece: list[float]
    adaptive_ece: float
    balanced_error_percent: float
    nll_nats: float | None = None
    member_nll_nats: list[float] = field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """Return the fields of the epoch's record that it replaces."""
        known = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in known.items() if value is not None and value != []}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputedMeasures:
    """What was computed again of a run."""

    epochs: list[RecomputedEpoch]
    """In ascending order."""
    quality: QualityRecord | None
    """After the last epoch; None where the record has it, or nothing tells it."""
    cascades: list[CascadeRecord] = field(default_factory=list)
    """After the last epoch; empty where the record has them, or nothing tells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    schema_version: int
    fingerprint: str
    started_at: str
    measures: RecomputedMeasures


_stored_adapter = TypeAdapter(_Stored)


def dump_recomputed(measures: RecomputedMeasures, record: Record) -> bytes:
    """Write the measures of a run as the text of `recomputed.json`."""
    values = {
        "schema_version": RECOMPUTED_VERSION,
        "sha256": NO_CHECKSUM,
        "fingerprint": record.fingerprint,
        "started_at": record.started_at,
        "measures": asdict(measures),
    }
    return sign_text(to_json(values, indent=1, inf_nan_mode="constants"))


def read_recomputed(folder: Path, record: Record) -> RecomputedMeasures | None:
    """Read the measures that were computed again of a run; None where there are none.

    Raises:
        RecordError: if they are damaged, of another run, or of a newer version.
    """
    path = folder / RECOMPUTED_FILE
    stored = read_signed(path, _stored_adapter, RECOMPUTED_VERSION, "recomputed measures", _REMEDY)
    if stored is None:
        return None
    if (stored.fingerprint, stored.started_at) != (record.fingerprint, record.started_at):
        raise RecordError(f"{path}: is of another run than the record beside it; {_REMEDY}")
    return stored.measures


def with_recomputed_epochs(
    epochs: Sequence[EpochRecord], measures: RecomputedMeasures | None
) -> list[EpochRecord]:
    """Put what was computed again into the epochs of a run."""
    by_epoch = {} if measures is None else {found.epoch: found for found in measures.epochs}
    return [
        replace(epoch, **by_epoch[epoch.epoch].values()) if epoch.epoch in by_epoch else epoch
        for epoch in epochs
    ]


def with_recomputed_summary(summary: RunSummary, measures: RecomputedMeasures | None) -> RunSummary:
    """Put what was computed again after the last epoch into the summary of a run."""
    last = measures.epochs[-1] if measures is not None and measures.epochs else None
    if last is None or last.epoch != summary.num_epochs:
        return summary
    values = last.values()
    quality = {**summary.quality, **{name: values[name] for name in QUALITY if name in values}}
    return replace(summary, quality=quality, ece_bins=last.ece_bins)
