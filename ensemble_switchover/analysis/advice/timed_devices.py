"""Devices on which designs were timed, each with times of one kind.

Times of runs themselves and of timing passes never compare. Where a device has both, it counts as
two, whose names say which.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ensemble_switchover.results.record import Record

TimedDevice: TypeAlias = tuple[str, str]
"""Name of a device, and what its times are of: `run` or `timing pass`."""

_OF = {"run": "the runs themselves", "timing pass": "a timing pass"}


def timed_device(record: Record) -> TimedDevice:
    """Return the device of a run, and what its times are of."""
    return record.environment.device_name, record.environment.times_of


def name_timed_devices(records: Iterable[Record]) -> dict[TimedDevice, str]:
    """Name the devices of all runs; one with times of both kinds has two names.

    >>> name_timed_devices([])
    {}
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        device, times_of = timed_device(record)
        kinds[device].add(times_of)
    return {
        (device, times_of): device if len(both) == 1 else f"{device}, times of {_OF[times_of]}"
        for device, both in sorted(kinds.items())
        for times_of in sorted(both)
    }


def pair_timed_devices(names: dict[TimedDevice, str]) -> dict[str, str]:
    """Return, for a device with times of both kinds, the name with either to that with the other.

    Args:
        names: What `name_timed_devices` returns.
    """
    return {
        name: names[device, other]
        for (device, times_of), name in names.items()
        for other in _OF
        if other != times_of and (device, other) in names
    }
