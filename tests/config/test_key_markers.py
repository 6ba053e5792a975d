"""What the annotations of a dataclass declare, and what declared values allow."""

import math
from dataclasses import dataclass
from typing import Annotated, Optional

import pytest

from ensemble_switchover.config.key_markers import (
    STATED,
    Decisive,
    Excluded,
    Expected,
    above_zero,
    at_most,
    between,
    declared,
    one_of,
)

SEEDS = between(0, 9)


@dataclass
class Base:
    seed: Annotated[int, SEEDS, STATED] = 0
    plain: str = ""


@dataclass
class Child(Base):
    folder: Annotated[Optional[str], Excluded("where it is")] = None


def test_declarations_are_those_of_the_class_and_its_bases():
    assert declared(Child, Expected) == {"seed": [SEEDS]}
    assert declared(Child, Decisive) == {"seed": [STATED]}
    assert declared(Child, Excluded) == {"folder": [Excluded("where it is")]}


@pytest.mark.parametrize(
    ("expected", "allowed", "refused"),
    [
        (above_zero(9), [1, 1e-9, 9], [0, 10, math.nan, math.inf]),
        (at_most(9), [-1, 9], [10, 10**400]),
        (between(1, 64), [1, 64], [0, 65]),
        (between(0, 1), [0, 0.5, 1], [-0.1, 1.1, math.nan]),
        (one_of("a", "b"), ["a", "b"], ["", "c", "ab"]),
    ],
    ids=str,
)
def test_values_are_allowed_or_refused(expected, allowed, refused):
    assert all(expected.allows(value) for value in allowed)
    assert not any(expected.allows(value) for value in refused)
