"""What the annotations of a dataclass declare, and what declared values allow."""

import math
from dataclasses import dataclass
from typing import Annotated, Optional

import pytest

from ensemble_switchover.config.key_markers import (
    AT_LEAST_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    STATED,
    Decisive,
    Excluded,
    Expected,
    between,
    declared,
    one_of,
)


@dataclass
class Base:
    seed: Annotated[int, NOT_NEGATIVE, STATED] = 0
    plain: str = ""


@dataclass
class Child(Base):
    folder: Annotated[Optional[str], Excluded("where it is")] = None


def test_declarations_are_those_of_the_class_and_its_bases():
    assert declared(Child, Expected) == {"seed": [NOT_NEGATIVE]}
    assert declared(Child, Decisive) == {"seed": [STATED]}
    assert declared(Child, Excluded) == {"folder": [Excluded("where it is")]}


@pytest.mark.parametrize(
    ("expected", "allowed", "refused"),
    [
        (NOT_NEGATIVE, [0, 0.5], [-1, math.nan, math.inf]),
        (POSITIVE, [1, 1e-9], [0, math.nan, math.inf]),
        (AT_LEAST_ONE, [1, 2], [0]),
        (between(1, 64), [1, 64], [0, 65]),
        (between(0, 1), [0, 0.5, 1], [-0.1, 1.1, math.nan]),
        (one_of("a", "b"), ["a", "b"], ["", "c", "ab"]),
    ],
    ids=str,
)
def test_values_are_allowed_or_refused(expected, allowed, refused):
    assert all(expected.allows(value) for value in allowed)
    assert not any(expected.allows(value) for value in refused)
