"""Curves as one compact array of 32-bit numbers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class FloatPool:
    """Collects curves, each identified by the index of its first number."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._size = 0

    def add(self, curves: Iterable[Sequence[float]]) -> int:
        """Append curves, and return the index of the first number."""
        start = self._size
        for curve in curves:
            part = np.asarray(curve, dtype="<f4")
            self._parts.append(part)
            self._size += part.size
        return start

    def encode(self) -> str:
        """Return all numbers as little-endian base64."""
        together = np.concatenate(self._parts) if self._parts else np.empty(0, dtype="<f4")
        return base64.b64encode(together.tobytes()).decode("ascii")
