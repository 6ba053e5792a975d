"""What a day consists of: stages of items, each one measurement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


REPOSITORY = Path(__file__).parents[2]


class CutOff(Exception):  # noqa: N818 - no error: the rest is measured when there is time
    """A measurement that ended before it was whole, and goes on later."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the whole day is told."""

    folder: Path
    tiny: bool = False
    only: str = ""
    """Only items whose names contain this text."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a measurement is told, in its process."""

    folder: Path
    tiny: bool
    device: torch.device
    deadline: float
    """Reading of `time.monotonic` at which it is ended."""

    @property
    def seconds_left(self) -> float:
        """Seconds until it is ended."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True, slots=True)
class Item:
    """One measurement."""

    name: str
    measure: Callable[[Circumstances], dict[str, Any]]
    """Returns its values, which JSON can hold."""
    limit_seconds: float = 60.0
    """Seconds after which it hangs, for all we know."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Items in the order of their importance."""

    name: str
    share: float
    """Its part of the day, in relation to those of the other stages."""
    items: tuple[Item, ...]
