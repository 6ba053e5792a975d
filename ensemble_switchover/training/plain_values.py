"""The parts of an epoch as bytes and back: tensors and plain values, and no code.

They cross from process to process, and lie in checkpoints.
"""

from __future__ import annotations

import io
from dataclasses import fields
from typing import Any

import torch

from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.training.epoch_result import EpochResult, MemberState


def plain_member(member: MemberState) -> dict[str, Any]:
    """Turn a member's state into plain values."""
    return _shallow(member)


def dump_part(part: EpochResult) -> bytes:
    """Write a part."""
    values = _shallow(part)
    values["peak"] = _shallow(part.peak)
    values["members"] = [_shallow(member) for member in part.members]
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def load_part(content: bytes) -> EpochResult:
    """Read what `dump_part` wrote; tensors come to host memory."""
    values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    values["peak"] = PeakMemory(**values["peak"])
    values["members"] = [MemberState(**member) for member in values["members"]]
    return EpochResult(**values)


def _shallow(value: Any) -> dict[str, Any]:
    """Name the fields of a dataclass, tensors uncopied."""
    return {entry.name: getattr(value, entry.name) for entry in fields(value)}
