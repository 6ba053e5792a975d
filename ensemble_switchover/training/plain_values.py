"""The result of an epoch as bytes and back: tensors and plain values, and no code.

Processes send it to each other; a checkpoint holds the states of members.
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


def dump_epoch_result(result: EpochResult) -> bytes:
    """Write what came of an epoch."""
    values = _shallow(result)
    values["peak"] = _shallow(result.peak)
    values["members"] = [_shallow(member) for member in result.members]
    buffer = io.BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


def load_epoch_result(content: bytes) -> EpochResult:
    """Read what `dump_epoch_result` wrote, into host memory."""
    values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    values["peak"] = PeakMemory(**values["peak"])
    values["members"] = [MemberState(**member) for member in values["members"]]
    return EpochResult(**values)


def _shallow(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name, without copying tensors."""
    return {entry.name: getattr(value, entry.name) for entry in fields(value)}
