"""Limited quantities in words."""

from __future__ import annotations

import pytest

from ensemble_switchover.analysis.advice.written_amounts import (
    LIMIT_NAMES,
    round_outward,
    write_amount,
    write_points,
)


@pytest.mark.parametrize("name", LIMIT_NAMES)
@pytest.mark.parametrize("value", [0.0123456, 3.9999, 98.7654])
def test_a_limit_set_to_what_is_shown_admits_the_value(name: str, value: float) -> None:
    loosened = round_outward(name, value)
    if name == "accuracy_percent":
        assert value - 0.01 <= loosened <= value
    else:
        assert loosened >= value
    assert write_amount(name, loosened).split()[0]


def test_points_have_their_singular() -> None:
    assert write_points(1.0) == "1 percentage point"
    assert write_points(0.998) == "1 percentage point"
    assert write_points(0.05) == "0.05 percentage points"
