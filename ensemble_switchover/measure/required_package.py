"""Packages that only some files need are imported when such a file is timed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ensemble_switchover.errors import MeasureError


def require_package(package: str, why: str) -> Any:
    """Import a package.

    Args:
        package: Its name.
        why: What needs it, as the beginning of a sentence.

    Raises:
        MeasureError: if it is not installed.
    """
    if find_spec(package) is None:
        raise MeasureError(f"{why}, which is not installed here; pip install {package}")
    return import_module(package)
