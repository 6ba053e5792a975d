"""Limited quantities in words: their names, and their amounts with units."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Decimal

from ensemble_switchover.machine.terminal import count, digits, mebibytes, rough_duration
from ensemble_switchover.machine.units import HOUR_SECONDS, MEBIBYTE

LIMIT_NAMES = {
    "parameters": "number of parameters",
    "epochs": "number of epochs",
    "hours": "training time",
    "memory_bytes": "memory",
    "latency_ms": "inference time",
    "latency_p99_ms": "inference time of 99 % of the images",
    "fastest_latency_ms": "inference time with the fastest execution",
    "accuracy_percent": "accuracy",
}
"""Name of a limit -> the limited quantity in words."""


def write_amount(name: str, value: float) -> str:
    """Write a limited quantity with its unit.

    >>> write_amount("parameters", 206734), write_amount("hours", 0.02)
    ('206,734 parameters', '0.02 h (1.2 min)')
    >>> write_amount("memory_bytes", 8 * 2**30), write_amount("latency_ms", 0.6020079)
    ('8,192 MiB', '0.602 ms')
    """
    if name in ("parameters", "epochs"):
        return count(round(value), name.removesuffix("s"))
    if name == "hours":
        return f"{digits(value, 3)} h ({rough_duration(value * HOUR_SECONDS)})"
    if name == "memory_bytes":
        return mebibytes(value)
    return f"{value:.2f} %" if name == "accuracy_percent" else f"{digits(value, 3)} ms"


def round_outward(name: str, value: float) -> float:
    """Round a value to the digits of `write_amount`, towards the looser limit.

    A limit set to the printed value then admits the design.

    >>> round_outward("latency_ms", 0.60201), round_outward("accuracy_percent", 93.456)
    (0.603, 93.45)
    """
    if name in ("parameters", "epochs"):
        return value
    if name == "accuracy_percent":
        return math.floor(100.0 * value) / 100.0
    if name == "memory_bytes":
        return float(math.ceil(value / MEBIBYTE) * MEBIBYTE)
    exact = Decimal(str(value))
    step = Decimal(10) ** (exact.adjusted() - 2)
    return float((exact / step).to_integral_value(ROUND_CEILING) * step)


def write_points(points: float) -> str:
    """Write a difference of errors with its unit, to two digits.

    >>> write_points(1.0), write_points(0.7899), write_points(12.0)
    ('1 percentage point', '0.79 percentage points', '12 percentage points')
    """
    number = digits(points, 2)
    return f"{number} percentage point{'' if number == '1' else 's'}"
