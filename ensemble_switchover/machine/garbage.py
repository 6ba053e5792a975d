"""Garbage collection that does not look through what was there before."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FROZEN_BY_PYTHON = 1000
"""More objects than Python 3.12 freezes by itself when it starts, which are some hundred."""


@contextmanager
def older_objects_spared() -> Iterator[None]:
    """Let collections look only at objects that are created within.

    Looking through the modules of torch and Lightning takes a quarter of a second. A process that
    has frozen its objects itself is left as it is.
    """
    if gc.get_freeze_count() > _FROZEN_BY_PYTHON:
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
