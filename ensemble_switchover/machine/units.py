"""Units of memory and time."""

MEBIBYTE = 2**20
"""Bytes."""

GIBIBYTE = 2**30
"""Bytes."""

HOUR_SECONDS = 3600.0
