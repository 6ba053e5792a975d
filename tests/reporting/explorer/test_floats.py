"""Numbers that JSON cannot hold."""

from __future__ import annotations

import numpy as np

from tests.factories import make_record
from tests.reporting.explorer.page_content import content_of, floats_of


def test_an_error_that_is_no_number_does_not_break_the_page() -> None:
    records = [make_record(seed=s, test_errors=[20.0, float("nan")]) for s in (0, 1)]

    content = content_of(records)

    assert np.isnan(floats_of(content)).sum() == 4  # errors, and their losses
    assert content["rows"][0]["values"][0] == [None, None, 0]


def test_other_numbers_that_are_none_do_not_break_the_page_either() -> None:
    record = make_record(latencies={128: float("nan")})
    record.config["recipe"] = {"learning_rate": float("inf"), "batch_size": 64}

    content = content_of([record])

    assert content["config"] == {"recipe.learning_rate": None, "recipe.batch_size": 64}
    assert content["designs"][0]["costs"][0]["latency"] is None
