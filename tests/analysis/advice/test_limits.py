"""A user's limits on a design."""

from ensemble_switchover.analysis.advice.limits import Limits


def test_limits_that_are_given_can_be_left_out_one_by_one() -> None:
    limits = Limits(parameters=100, hours=2.0)

    assert limits.given == ("parameters", "hours")
    assert limits.without(["hours"]) == Limits(parameters=100)
    assert Limits().given == ()
