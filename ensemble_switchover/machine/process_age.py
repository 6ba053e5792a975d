"""How long ago this process started."""

from __future__ import annotations

import os
import time
from pathlib import Path


def process_age_seconds() -> float | None:
    """Return the seconds since this process started; None where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        ticks_per_second = os.sysconf("SC_CLK_TCK")
        since_boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, UnicodeDecodeError, AttributeError, ValueError):
        return None  # only Linux has all three
    return max(0.0, since_boot - int(fields[19]) / ticks_per_second)
