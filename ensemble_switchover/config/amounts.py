"""Amounts as a user writes them on a command line, such as 8GiB or 2M."""

from __future__ import annotations

import argparse
import math
import re
from typing import TYPE_CHECKING, TypeVar

from ensemble_switchover.design.budget import MAX_PARAMETERS, parse_parameters
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.terminal import digits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Amount = TypeVar("_Amount", int, float)
_LARGEST = 1e300
"""A larger number could overflow when it is multiplied by a unit."""
_MAX_DIGITS = 300
"""Longer numbers are no floating-point numbers, and Python reads them only up to a limit."""
_LONG_NUMBER = re.compile(rf"[0-9_]{{{_MAX_DIGITS + 1},}}")
_MAX_COUNT_DIGITS = 15
_LEAST_CONFIDENCE = 0.5
_MOST_CONFIDENCE = 0.999999
_BITS = re.compile("[KMG]b")
"""How bits are written, which are an eighth of what is read."""
_BYTES = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}


def parse_bytes(text: str) -> int:
    """Read a number of bytes.

    >>> parse_bytes("8GiB"), parse_bytes("512 MiB"), parse_bytes("1.5GB")
    (8589934592, 536870912, 1500000000)

    Raises:
        ValueError: for any other text.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMG]i?B|B)", text.strip(), re.IGNORECASE)
    if match is None or not 0 < float(match[1]) < _LARGEST:
        raise ValueError(f"expected a size such as 8GiB or 500MB, not {text}")
    if _BITS.fullmatch(match[2]):
        raise ValueError(f"{text} may mean bits; expected bytes, such as {match[1]}{match[2][0]}B")
    return int(float(match[1]) * _BYTES[match[2].lower()])


def refuse_long_numbers(overrides: Iterable[str]) -> None:
    """Refuse overrides with a number that is too long to be read.

    Raises:
        ConfigError: naming the first of them.
    """
    for override in overrides:
        number = _LONG_NUMBER.search(override)
        if number:
            key = override.partition("=")[0][:_MAX_DIGITS]
            raise ConfigError(
                f"{key}: a number of {len(number[0]):,} digits came; expected at most {_MAX_DIGITS}"
            )


def argument(parse: Callable[[str], _Amount]) -> Callable[[str], _Amount]:
    """Return a parser whose ValueError argparse reports as a wrong argument."""

    def read(text: str) -> _Amount:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def parse_parameter_count(text: str) -> int:
    """Read a number of parameters, such as 2M.

    Raises:
        ValueError: for any other text.
    """
    try:
        return parse_parameters(text)
    except ConfigError as error:
        raise ValueError(
            f"expected a number such as 2M or 200k, at most {MAX_PARAMETERS:.0e}, not {text}"
        ) from error


def parse_count(text: str) -> int:
    """Read a whole number of 1 or more.

    Raises:
        ValueError: for any other text.
    """
    if not text.isdecimal() or len(text) > _MAX_COUNT_DIGITS or int(text) == 0:
        raise ValueError(
            f"expected a whole number of 1 or more, at most {_MAX_COUNT_DIGITS} digits, not {text}"
        )
    return int(text)


def parse_number(text: str) -> float:
    """Read a number above 0.

    Raises:
        ValueError: for any other text.
    """
    form = r"[0-9]*\.?[0-9]+(?:e-?[0-9]+)?"
    if not re.fullmatch(form, text) or not 0 < float(text) < _LARGEST:
        raise ValueError(f"expected a number above 0, not {text}")
    return float(text)


def parse_percent(text: str) -> float:
    """Read a percentage above 0, at most 100; a number that may be a share needs its sign.

    >>> parse_percent("95"), parse_percent("95.5 %"), parse_percent("0.95%")
    (95.0, 95.5, 0.95)

    Raises:
        ValueError: for any other text.
    """
    plain = text.removesuffix("%").strip()
    number = parse_number(plain)
    if number > 100:
        raise ValueError(f"expected a percentage of at most 100, not {text}")
    if number <= 1 and "%" not in text:
        raise ValueError(
            f"{text} may mean {digits(100 * number, 6)}% or {plain}%; expected one of them, with %"
        )
    return number


def parse_points(text: str) -> float:
    """Read a difference above 0 and at most 100, in percentage points or in nats.

    >>> parse_points("1"), parse_points("0.5")
    (1.0, 0.5)

    Raises:
        ValueError: for any other text.
    """
    try:
        number = parse_number(text)
    except ValueError:
        number = math.inf
    if number > 100:
        raise ValueError(
            f"expected percentage points, or nats of an NLL, above 0 and at most 100, such as 0.5, "
            f"not {text}"
        )
    return number


def parse_confidence(text: str) -> float:
    """Read a confidence as a share, or as a percentage.

    >>> parse_confidence("0.95"), parse_confidence("95"), parse_confidence("99 %")
    (0.95, 0.95, 0.99)

    Raises:
        ValueError: for any other text, and outside 50 to 99.9999 %.
    """
    plain = text.removesuffix("%").strip()
    try:
        number = parse_number(plain)
    except ValueError:
        share = math.nan
    else:
        share = number if number < 1 and "%" not in text else number / 100
    if not _LEAST_CONFIDENCE <= share <= _MOST_CONFIDENCE:
        raise ValueError(
            f"expected a confidence from {_LEAST_CONFIDENCE:g} to {_MOST_CONFIDENCE:g}, such as "
            f"0.9 or 90%, not {text}"
        )
    return share
