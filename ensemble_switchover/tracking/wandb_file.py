"""The file in which W&B keeps a run that is offline, as far as the epochs in it.

It is a log in LevelDB's format: blocks of 32 KiB with chunks of records, each a protobuf message.
W&B writes it with a delay, so that of a process that was killed the last epochs may be missing.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError
from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES = 32768
FILE_HEADER_BYTES = 7
CHUNK_HEADER = struct.Struct("<IHB")
"""Checksum, number of bytes, and kind of chunk."""
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def wandb_records(path: Path) -> Iterator[Record]:
    """Yield the records of a run's file; what is cut off or damaged, and all after it, is not."""
    content = path.read_bytes()
    position, message = FILE_HEADER_BYTES, b""
    while position + CHUNK_HEADER.size <= len(content):
        left = BLOCK_BYTES - position % BLOCK_BYTES
        if left < CHUNK_HEADER.size:
            position += left
            continue
        _, length, kind = CHUNK_HEADER.unpack_from(content, position)
        position += CHUNK_HEADER.size
        if kind not in (FULL, FIRST, MIDDLE, LAST) or position + length > len(content):
            return
        message += content[position : position + length]
        position += length
        if kind in (FULL, LAST):
            try:
                yield Record.FromString(message)
            except DecodeError:
                return
            message = b""


def last_epoch(path: Path) -> int:
    """Return the last epoch in a run's file, 0 for none."""
    items = (item for record in wandb_records(path) for item in record.history.item)
    epochs = (item.value_json for item in items if "epoch" in (item.key, *item.nested_key))
    return max((int(json.loads(epoch)) for epoch in epochs), default=0)


def has_run(path: Path) -> bool:
    """Return whether a run's file says which run it is; `wandb sync` stops at one that does not."""
    return any(record.HasField("run") for record in wandb_records(path))
