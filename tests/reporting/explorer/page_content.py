"""The explorer's content as its page receives it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble_switchover.reporting.explorer.content import build_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record


def content_of(records: Sequence[Record]) -> dict[str, Any]:
    content = build_content(records, lambda runs: f"make {runs[0].name}")
    written: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    return written


def floats_of(content: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(content["floats"]), dtype="<f4")


def random_error(name: str, column: int, epoch: int, seed: int) -> float:
    draw = np.random.default_rng([len(name), ord(name[0]), column, epoch, seed])
    return 12.0 + 8.0 / epoch + float(draw.normal(0.0, 1.0))
