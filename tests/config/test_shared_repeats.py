"""Repeats that runs of a design share."""

from hypothesis import given
from hypothesis import strategies as st

from ensemble_switchover.config.shared_repeats import shared_repeats


@given(st.integers(0, 100), st.integers(1, 64), st.integers(1, 3))
def test_all_runs_together_repeat_at_least_as_often_as_one_alone(repeats, num_sharing, least):
    own = shared_repeats(repeats, num_sharing, least)
    assert own * num_sharing >= repeats
    assert min(repeats, least) <= own <= repeats
    assert shared_repeats(repeats, 1, least) == repeats
