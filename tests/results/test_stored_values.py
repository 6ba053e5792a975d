"""The ranges of stored numbers, in records and in the columns of epochs."""

from typing import get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.results.epoch_metrics import EpochRecord
from ensemble_switchover.results.epochs_file import SCHEMA
from ensemble_switchover.results.stored_values import (
    MAX_STORED,
    Amount,
    Count,
    Factor,
    Size,
    fits_a_column,
    range_of,
)


@pytest.mark.parametrize(
    ("hint", "allowed", "refused"),
    [
        (Count, [0, MAX_STORED], [-1, MAX_STORED + 1, 1.5]),
        (Size, [1, MAX_STORED], [0]),
        (Factor, [1, 10**9], [0, 10**9 + 1]),
        (Amount, [0, 1e18], [-1e-9, 1e19, float("nan"), float("inf")]),
        (Count | None, [None, 3], [2**70]),
    ],
    ids=["count", "size", "factor", "amount", "absent"],
)
def test_numbers_are_held_or_refused(hint, allowed, refused):
    adapter = TypeAdapter(hint)
    assert [adapter.validate_python(value) for value in allowed] == allowed
    for value in refused:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_what_is_not_measured_of_the_predictions_has_a_range():
    hints = get_type_hints(EpochRecord, include_extras=True)
    without = {name for name in SCHEMA if range_of(hints[name]) is None}
    quality = {name for name in without if name.rpartition("_")[2] in ("percent", "nats")}
    others = {"brier", "ece", "disagreement", "error_correlation", "member_brier", "member_ece"}
    others |= {"adaptive_ece", "ece_bins"}
    assert without - quality == others | {"warm_up", "together", "metrics"}


@pytest.mark.parametrize(
    ("value", "fits"), [("é", True), ("a\ud800", False), (-(2**63), False), (1.5, True)]
)
def test_text_and_integers_fit_a_column_or_not(value, fits):
    assert fits_a_column(value) is fits
