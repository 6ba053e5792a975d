"""Remarks on images that the user knows already, so that they are not repeated (no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_said: set[str] = set()


def mark_as_said(remarks: Iterable[str]) -> None:
    """Note that the user knows remarks on the images, which then are for the log alone."""
    _said.update(remarks)


def is_said(remark: str) -> bool:
    """Return whether the user knows a remark."""
    return remark in _said
