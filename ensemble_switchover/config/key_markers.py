"""What the schema declares of a key beside its type: its values, and whether it decides a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

_Declared = TypeVar("_Declared")


@dataclass(frozen=True, slots=True)
class Expected:
    """The values that a key takes where it is not null."""

    text: str
    """A description of the values, for messages and the documentation."""
    allows: Callable[[Any], bool]

    def __str__(self) -> str:
        return self.text


def between(least: float, most: float, unit: str = "") -> Expected:
    """Expect a number from the least to the most, both included.

    >>> str(between(1, 64, " members")), between(0, 1).allows(1.1)
    ('1 to 64 members', False)
    """
    return Expected(f"{least} to {most}{unit}", lambda value: least <= value <= most)


def above_zero(most: float) -> Expected:
    """Expect a number above 0, up to the most.

    >>> str(above_zero(24)), above_zero(24).allows(0)
    ('more than 0, at most 24', False)
    """
    return Expected(f"more than 0, at most {most}", lambda value: 0 < value <= most)


def at_most(most: int) -> Expected:
    """Expect a number up to the most; its least value is checked elsewhere."""
    return Expected(f"at most {most}", lambda value: value <= most)


def one_of(*choices: str) -> Expected:
    """Expect one of several texts."""
    return Expected(f"one of {', '.join(choices)}", choices.__contains__)


class Decisive(Enum):
    """How a key decides the fingerprint of a run."""

    AS_STATED = "its value is hashed"
    AS_RESOLVED = "what follows from it is hashed, such as the design or the recipe"


STATED, RESOLVED = Decisive.AS_STATED, Decisive.AS_RESOLVED


@dataclass(frozen=True, slots=True)
class Excluded:
    """A key that is not in the fingerprint."""

    because: str


@cache
def declared(schema: type, kind: type[_Declared]) -> dict[str, list[_Declared]]:
    """Return what the keys of a dataclass declare of one kind."""
    found = {}
    for name, hint in get_type_hints(schema, include_extras=True).items():
        items = [item for item in getattr(hint, "__metadata__", ()) if isinstance(item, kind)]
        if items:
            found[name] = items
    return found
