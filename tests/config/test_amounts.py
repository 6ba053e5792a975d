"""Amounts as a user writes them: what is read, and what is refused with what was expected."""

import argparse

import pytest

from ensemble_switchover.config.amounts import (
    argument,
    parse_bytes,
    parse_count,
    parse_number,
    parse_parameter_count,
    parse_percent,
)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_bytes, "8GiB", 8 * 2**30),
        (parse_bytes, " 1.5 gb ", 1_500_000_000),
        (parse_parameter_count, "2M", 2_000_000),
        (parse_count, "60", 60),
        (parse_number, ".5", 0.5),
        (parse_number, "1e-3", 0.001),
        (parse_percent, "95.5 %", 95.5),
        (parse_percent, "0.95%", 0.95),
    ],
)
def test_an_amount_is_read(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (parse_bytes, "8", "a size such as 8GiB or 500MB, not 8"),
        (parse_bytes, "0GB", "a size such as 8GiB or 500MB, not 0GB"),
        (
            parse_parameter_count,
            "many",
            "a number such as 2M or 200k, at most 1e+18, not many",
        ),
        (parse_count, "0", "a whole number of 1 or more, at most 15 digits, not 0"),
        (parse_count, "1.5", "a whole number of 1 or more, at most 15 digits, not 1.5"),
        (parse_number, "1e400", "a number above 0, not 1e400"),
        (parse_number, "-1", "a number above 0, not -1"),
        (parse_bytes, "8Gb", "bytes, such as 8GB"),
        (parse_parameter_count, "1.5", "a number such as 2M or 200k, at most 1e+18, not 1.5"),
        (parse_count, "9" * 5000, "a whole number of 1 or more, at most 15 digits, not 99"),
        (parse_number, "nan", "a number above 0, not nan"),
        (parse_number, "9" * 5000, "a number above 0, not 99"),
        (parse_percent, "0.95", "one of them, with %"),
        (parse_percent, "1", "one of them, with %"),
        (parse_percent, "101", "a percentage of at most 100, not 101"),
    ],
)
def test_another_text_is_refused(parse, text, expected):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        argument(parse)(text)
    assert f"expected {expected}" in str(error.value)


@pytest.mark.parametrize(
    ("text", "readings"), [("0.95", "95% or 0.95%"), ("1", "100% or 1%"), (".001", "0.1% or .001%")]
)
def test_what_may_be_a_share_is_refused_with_both_readings(text, readings):
    with pytest.raises(ValueError, match=f"^{text} may mean {readings}; expected one of them"):
        parse_percent(text)
