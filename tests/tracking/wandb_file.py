"""Reads W&B's offline run file: LevelDB's log framing around one protobuf message a record."""

from __future__ import annotations

import json
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wandb.proto import wandb_internal_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 32768
FILE_HEADER = 7
CHUNK_HEADER = 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
WRITTEN_SECONDS = 60


@dataclass
class WandbFile:
    """What a run told W&B."""

    name: str = ""
    group: str = ""
    job_type: str = ""
    tags: list[str] = field(default_factory=list)
    notes: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    step_metrics: dict[str, str] = field(default_factory=dict)
    """Metric or pattern -> its x-axis."""
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    """`type/name` -> paths of its files."""
    exit_code: int | None = None


def read_wandb_file(path: Path, *, killed: bool = False) -> WandbFile:
    """Read an offline run file, once W&B's own process has written the run's end, if it will."""
    if killed:
        return _read(path)
    deadline = time.monotonic() + WRITTEN_SECONDS
    while (told := _read(path)).exit_code is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return told


def _read(path: Path) -> WandbFile:
    told = WandbFile()
    for content in _messages(path.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(content)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            told.name, told.group = run.display_name, run.run_group
            told.job_type, told.tags, told.notes = run.job_type, list(run.tags), run.notes
            _update(told.config, run.config.update)
        elif kind == "config":
            _update(told.config, record.config.update)
        elif kind == "history":
            told.history.append(_values(record.history.item))
        elif kind == "summary":
            told.summary |= _values(record.summary.update)
        elif kind == "metric":
            metric = record.metric
            told.step_metrics[metric.name or metric.glob_name] = metric.step_metric
        elif kind == "artifact":
            artifact = record.artifact
            paths = [entry.path for entry in artifact.manifest.contents]
            told.artifacts[f"{artifact.type}/{artifact.name}"] = paths
        elif kind == "exit":
            told.exit_code = record.exit.exit_code
    return told


def _update(config: dict[str, Any], items: Any) -> None:
    config |= _values(items)


def _values(items: Any) -> dict[str, Any]:
    return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}


def _messages(content: bytes) -> Iterator[bytes]:
    assert content[:4] in (b":W&B", b"")
    position, message = FILE_HEADER, b""
    while position + CHUNK_HEADER <= len(content):
        left = BLOCK - position % BLOCK
        if left < CHUNK_HEADER:
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, position)
        if kind not in (FULL, FIRST, MIDDLE, LAST):
            break
        position += CHUNK_HEADER
        if position + length > len(content):
            break  # it is being written
        message += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            yield message
            message = b""
