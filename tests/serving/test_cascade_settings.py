"""When a cascade stops: as asked for, else as the record says, else one sentence."""

import math

import numpy as np
import pytest

from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.serving.cascade_settings import (
    CascadeSettings,
    choose_settings,
    refuse_settings,
)
from tests.trained import make_cascades_of

RECORDED = make_cascades_of(3, threshold=0.75, order=(2, 0, 1))


def test_the_record_says_what_is_not_asked_for():
    recorded = CascadeSettings(rule="confidence", threshold=0.75, order=(2, 0, 1))
    by_margin = CascadeSettings(rule="margin", threshold=0.375, order=(2, 0, 1))
    assert choose_settings(3, RECORDED) == recorded
    assert choose_settings(3, RECORDED, rule="margin") == by_margin


@pytest.mark.parametrize("threshold", [0, 0.5, 1, 1.5, np.float32(0.5), np.int64(1)])
def test_what_is_asked_for_goes_before_it(threshold):
    for cascades, order in ((RECORDED, (2, 0, 1)), ([], (0, 1, 2))):
        found = choose_settings(3, cascades, threshold=threshold, rule="margin")
        assert found == CascadeSettings(rule="margin", threshold=float(threshold), order=order)
        assert type(found.threshold) is float


def test_one_member_needs_no_threshold():
    assert choose_settings(1) == CascadeSettings(rule="confidence", threshold=0.0, order=(0,))
    assert choose_settings(1, threshold=0.5).threshold == 0.5


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {},
            "execution=cascade: the run's record has no cascade of rule=confidence, from which a "
            "threshold would be taken; expected one, such as threshold=0.99",
        ),
        ({"rule": "entropy"}, "rule=entropy: expected one of confidence, margin"),
        ({"rule": ""}, "rule=: expected one of confidence, margin"),
        (
            {"threshold": "0.9"},
            "threshold='0.9': expected a number from 0 to 1, or above 1 to ask all members",
        ),
        (
            {"threshold": True},
            "threshold=True: expected a number from 0 to 1, or above 1 to ask all members",
        ),
        (
            {"threshold": -0.5},
            "threshold=-0.5: expected a finite number of at least 0: 0 asks the first member "
            "alone, one above 1 all members",
        ),
        (
            {"threshold": math.nan, "spelled": "--threshold {}"},
            "--threshold nan: expected a finite number of at least 0: 0 asks the first member "
            "alone, one above 1 all members",
        ),
    ],
)
def test_a_mistake_is_one_sentence(asked, sentence):
    with pytest.raises(ConfigError) as caught:
        choose_settings(3, **asked)
    assert str(caught.value) == sentence


def test_infinity_is_refused_since_files_cannot_hold_it():
    with pytest.raises(ConfigError, match="threshold=inf: expected a finite number"):
        choose_settings(3, threshold=math.inf)


def test_a_record_with_another_order_is_refused():
    with pytest.raises(RecordError, match="expected an order of the members 0 to 3, found"):
        choose_settings(4, RECORDED)


def test_other_executions_have_no_threshold():
    refuse_settings("cascade", threshold=0.5, rule="margin")
    refuse_settings("fused", threshold=None, rule=None)
    for asked in ({"threshold": 0.5, "rule": None}, {"threshold": None, "rule": "margin"}):
        with pytest.raises(ConfigError, match="execution=fused asks every member of every image"):
            refuse_settings("fused", **asked)
