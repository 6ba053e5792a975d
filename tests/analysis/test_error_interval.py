"""The interval of a mean error, within 0 and 100 % by its construction."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from ensemble_switchover.analysis.error_interval import error_interval
from ensemble_switchover.analysis.statistics import t_interval


def test_of_enough_seeds_it_is_the_t_interval_of_the_log_odds() -> None:
    errors = [28.0, 33.0, 31.0, 40.0]
    share = np.mean(errors) / 100
    scale = stats.sem(errors) / 100 / (share * (1 - share))
    expected = 100 * expit(stats.t.interval(0.95, 3, logit(share), scale))

    found = error_interval(errors, 0.95, beside=[[10.0, 90.0]])

    assert found is not None
    assert [found.lower, found.upper] == pytest.approx(expected)
    assert (found.mean, found.num_seeds, found.is_borrowed) == (33.0, 4, False)


def test_of_a_small_spread_it_is_nearly_students() -> None:
    errors = [30.1, 30.4, 29.8, 30.2, 30.3]
    found, plain = error_interval(errors), t_interval(errors)
    assert found is not None
    assert plain is not None
    assert [found.lower, found.upper] == pytest.approx([plain.lower, plain.upper], abs=1e-3)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999999])
def test_it_lies_within_0_and_100_percent_whatever_the_errors_are(confidence: float) -> None:
    draw = random.Random(1)
    values = (0.0, 0.01, 3.0, 50.0, 97.0, 99.99, 100.0)
    samples = [list(pair) for pair in itertools.product(values, repeat=2)]
    samples += [[draw.choice(values) for _ in range(draw.randint(1, 6))] for _ in range(300)]
    found = [error_interval(s, confidence, [[1.0, 99.0], [5.0, 6.0]]) for s in samples]
    assert sum(interval is not None for interval in found) > 100
    for interval in found:
        if interval is not None:
            assert 0.0 <= interval.lower <= interval.mean <= interval.upper <= 100.0


def test_two_seeds_pool_their_spread_with_that_beside_them() -> None:
    own, beside = [28.0, 40.0], [[37.0, 35.0, 33.0], [30.0, 27.0]]

    def squares(errors: list[float]) -> float:
        share = np.mean(errors) / 100
        return float(np.sum(((np.array(errors) / 100 - share) / (share * (1 - share))) ** 2))

    pooled = sum(map(squares, [own, *beside])) / 4  # degrees of freedom
    half_width = stats.t.ppf(0.95, 4) * np.sqrt(pooled / 2)
    expected = 100 * expit(logit(0.34) + np.array([-half_width, half_width]))

    found, alone = error_interval(own, 0.9, beside), error_interval(own, 0.9)

    assert found is not None
    assert alone is not None
    assert found.is_borrowed
    assert not alone.is_borrowed
    assert [found.lower, found.upper] == pytest.approx(expected)
    assert found.upper - found.lower < (alone.upper - alone.lower) / 3


def test_one_seed_has_the_spread_beside_it_and_none_without() -> None:
    found = error_interval([34.0], 0.9, [[37.0, 35.0], [30.0]])

    assert found is not None
    assert found.is_borrowed
    assert found.lower < 34.0 < found.upper
    assert error_interval([34.0], 0.9, [[30.0], []]) is None


def test_equal_seeds_borrow_too_and_errors_of_0_or_100_percent_have_no_interval() -> None:
    found = error_interval([30.0] * 4, 0.9, [[31.0, 29.0]])

    assert found is not None
    assert found.is_borrowed
    assert error_interval([30.0] * 4) is None
    assert error_interval([30.0] * 4, 0.9, [[5.0, 5.0], [0.0, 0.0], [100.0, 100.0]]) is None
    assert error_interval([0.0, 0.0], 0.9, [[31.0, 29.0]]) is None
    assert error_interval([100.0] * 3, 0.9, [[31.0, 29.0]]) is None


def test_the_interval_that_went_from_below_0_to_above_100_percent_does_so_no_more() -> None:
    """Two seeds at 28 and 40 %: Student's 95 % interval is -42 to 110 %."""
    plain, found = t_interval([28.0, 40.0], 0.95), error_interval([28.0, 40.0], 0.95)
    assert plain is not None
    assert found is not None
    assert plain.lower < 0.0 < 100.0 < plain.upper
    assert 0.0 < found.lower < found.upper < 100.0


def test_a_confidence_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        error_interval([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="at least one"):
        error_interval([])
