"""What Linux's control groups leave this process: a container's, a job's or a session's limits.

Version 1 has a hierarchy for each controller, version 2 one for all; a machine may have both. The
limits of a group hold for all groups below it, so those of all ancestors count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """The smallest limits of all groups of a process; None where there is none."""

    processors: float | None
    """Processors' time per time: 0.5 is half of one."""
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Throttling:
    """How often and how long a quota of processors has held back a process's groups."""

    times: int
    seconds: float

    def since(self, before: Throttling) -> Throttling:
        """Return what came after an earlier state."""
        return Throttling(self.times - before.times, self.seconds - before.seconds)


@cache
def read_limits(root: Path = SYSTEM_ROOT) -> GroupLimits:
    """Read the limits on processors and memory; files that are absent or odd say nothing.

    In version 2, `memory.high` counts as a limit too: above it a process all but stands still.

    Args:
        root: The folder of `proc` and of the places where the hierarchies are mounted.
    """
    quotas, sizes = [], []
    for folder in _groups(root, "cpu"):
        quotas += [_ratio(*_words(folder / "cpu.max")[:2])]
        one, period = (_words(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        quotas += [_ratio(*one[:1], *period[:1])]
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            sizes += [_positive(word) for word in _words(folder / name)[:1]]
    return GroupLimits(
        min((quota for quota in quotas if quota is not None), default=None),
        min((size for size in sizes if size is not None), default=None),
    )


def read_throttling(root: Path = SYSTEM_ROOT) -> Throttling:
    """Read how often and how long quotas have held back this process's groups so far."""
    times, seconds = 0, 0.0
    for folder in _groups(root, "cpu"):
        words = _words(folder / "cpu.stat")
        counts = {name: _positive(value) or 0 for name, value in pairwise(words)}
        times += counts.get("nr_throttled", 0)
        seconds += counts.get("throttled_usec", 0) / 1e6 + counts.get("throttled_time", 0) / 1e9
    return Throttling(times, seconds)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's groups under a controller, and of their ancestors."""
    paths = dict(_paths_of_this_process(root))
    for mounted, mount_point, controllers in _hierarchies(root):
        if controllers is not None and controller not in controllers:
            continue
        path = paths.get("" if controllers is None else controller)
        if path is None:
            continue
        folder = root / mount_point.relative_to("/")
        yield folder
        for part in _below(path, mounted):
            folder /= part
            yield folder


def _paths_of_this_process(root: Path) -> Iterator[tuple[str, PurePosixPath]]:
    """Yield the path of this process's group under each controller; "" stands for version 2."""
    for line in _lines(root / "proc/self/cgroup"):
        _, found, path = [*line.split(":", 2), "", ""][:3]
        for controller in found.split(","):
            yield controller, PurePosixPath(path)


def _hierarchies(root: Path) -> Iterator[tuple[PurePosixPath, PurePosixPath, list[str] | None]]:
    """Yield what of each hierarchy is mounted, where, and its controllers; None for version 2."""
    for line in _lines(root / "proc/self/mountinfo"):
        mount, _, rest = line.partition(" - ")
        fields, system = mount.split(), rest.split()
        if len(fields) < 5 or len(system) < 3 or system[0] not in ("cgroup", "cgroup2"):
            continue
        mounted, mount_point = (PurePosixPath(_unescaped(text)) for text in fields[3:5])
        if mount_point.is_absolute():
            yield mounted, mount_point, system[2].split(",") if system[0] == "cgroup" else None


def _below(path: PurePosixPath, mounted: PurePosixPath) -> tuple[str, ...]:
    """Return the parts of a group's path below what is mounted; none if it lies elsewhere."""
    if not path.is_relative_to(mounted) or ".." in path.parts:
        return ()
    return path.relative_to(mounted).parts


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _ratio(quota: str = "", period: str = "") -> float | None:
    used, whole = _positive(quota), _positive(period)
    return None if used is None or whole is None else used / whole


def _positive(word: str) -> int | None:
    """Return a positive number; None for `max`, -1 and anything else.

    >>> _positive("900"), _positive("max"), _positive("-1")
    (900, None, None)
    """
    return int(word[:20]) if word.isascii() and word.isdecimal() and int(word[:20]) > 0 else None
