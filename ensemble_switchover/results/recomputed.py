"""`recomputed.json`: measures that were computed again from the predictions that a run kept.

A record is never changed. What this file says replaces what the record and its epochs say wherever
they are read; without it they are as they were. It holds a checksum of its own, and the fingerprint
and the start of the run that it is of.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.system_errors import sentence_of

# read by pydantic:
from ensemble_switchover.results.cascade_record import CascadeRecord  # noqa: TC001
from ensemble_switchover.results.epoch_metrics import (
    QUALITY,
    EceBins,
)
from ensemble_switchover.results.layout import RECOMPUTED_FILE
from ensemble_switchover.results.quality_record import QualityRecord  # noqa: TC001
from ensemble_switchover.results.stored_values import Factor  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary

RECOMPUTED_VERSION = 1
_OWN_CHECKSUM = re.compile(rb'"sha256": "([0-9a-f]{64})"')
_NO_CHECKSUM = "0" * 64
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
        "sha256": _NO_CHECKSUM,
        "fingerprint": record.fingerprint,
        "started_at": record.started_at,
        "measures": asdict(measures),
    }
    text = to_json(values, indent=1, inf_nan_mode="constants")
    return text.replace(_NO_CHECKSUM.encode(), hashlib.sha256(text).hexdigest().encode(), 1)


def read_recomputed(folder: Path, record: Record) -> RecomputedMeasures | None:
    """Read the measures that were computed again of a run; None where there are none.

    Raises:
        RecordError: if they are damaged, of another run, or of a newer version.
    """
    path = folder / RECOMPUTED_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(sentence_of(error)) from error
    stated = _OWN_CHECKSUM.search(content)
    if stated is None or _digest_without(content, stated) != stated[1].decode():
        raise RecordError(f"{path}: changed since it was written; {_REMEDY}")
    try:
        values = from_json(content)
        version = values["schema_version"]
        if version != RECOMPUTED_VERSION:
            raise RecordError(
                f"{path}: schema version {version}; this program reads {RECOMPUTED_VERSION}"
            )
        del values["sha256"]
        stored = _stored_adapter.validate_python(values)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: is no file of recomputed measures; {_REMEDY}") from error
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


def _digest_without(content: bytes, stated: re.Match[bytes]) -> str:
    start, end = stated.span(1)
    blank = content[:start] + _NO_CHECKSUM.encode() + content[end:]
    return hashlib.sha256(blank).hexdigest()
