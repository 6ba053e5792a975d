"""Who works on a run: one process of any host, found out again when it is gone.

A lock is a file `<number>.lock` in the run's folder of unfinished things. The highest number holds,
and its owner touches it now and then: its heartbeat. Whoever finds the owner gone creates the next
number, which the file system grants to one process alone (`O_EXCL`, on NFS too), and then looks
again whether what it found is still so. The locks of owners that are gone stay until the run is
finished.

Whether an owner is gone follows from its process on the same machine. Of another machine's owner
only the heartbeat can be seen: one that does not change for `STALE_SECONDS` is stale. That is
watched by this process's own monotonic clock, so no clock that jumps or is wrong, on any machine or
file server, makes a lock stale.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from annotated_types import Ge, Le
from pydantic import TypeAdapter
from pydantic_core import from_json

from ensemble_switchover.machine.files import names_path
from ensemble_switchover.results.folders import make_folder

if TYPE_CHECKING:
    from types import TracebackType

HEARTBEAT_SECONDS = 10.0
"""Between two touches of a lock."""

STALE_SECONDS = 60.0
"""How long a heartbeat may stand still; several are missed by then."""

HEARTBEAT_POLL_SECONDS = 1.0
"""Between two looks at a heartbeat that is being watched."""

LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that works on a run."""

    host: str
    machine: str
    """Where process numbers mean the same: host, boot, and container."""
    pid: Annotated[int, Ge(1), Le(2**31 - 1)]
    process_start: str
    """Told by the system; another process that gets the same number has another. Empty where the
    system does not tell."""
    started_at: str
    """UTC, ISO 8601."""

    def __str__(self) -> str:
        return f"process {self.pid} of {self.host}, since {self.started_at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A lock as another process finds it."""

    owner: Owner | None
    """Absent if the owner has not written, or could not write, who it is."""
    heartbeat_age: float
    """Seconds since the last heartbeat, by this machine's clock; a wrong clock makes it wrong."""

    def __str__(self) -> str:
        who = "a process that does not say who it is" if self.owner is None else str(self.owner)
        return f"{who}, heartbeat {max(0.0, self.heartbeat_age):.0f} s ago"


class RunLock:
    """A lock that this process holds, until it is released."""

    def __init__(self, path: Path, owner: Owner) -> None:
        """Take the lock's file, which is there, and its owner; its heart beats from now on."""
        self.path = path
        self.owner = owner
        self._released = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._heart.start()

    def release(self) -> None:
        """Give the run up, for others to take."""
        self._released.set()
        self._heart.join()
        if _owner_of(self.path) == self.owner:  # nobody took it from a process that was suspended
            self.path.unlink(missing_ok=True)
        with suppress(OSError):  # what is unfinished stays
            self.path.parent.rmdir()

    def forget_former(self) -> None:
        """Remove the locks of former owners, which are gone, so that nobody watches them again."""
        for path in self.path.parent.glob(f"*{LOCK_SUFFIX}"):
            if path.stem.isdecimal() and int(path.stem) < int(self.path.stem):
                path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _beat(self) -> None:
        while not self._released.wait(HEARTBEAT_SECONDS):
            with suppress(OSError):  # a file server that is away for a moment
                os.utime(self.path)


def take_lock(folder: Path, *, patient: bool = False) -> RunLock | Hold:
    """Take the lock in a folder, or tell who has it.

    Waits for up to `STALE_SECONDS` where the owner is on another machine and seems to be gone.

    Args:
        folder: The run's folder of unfinished things.
        patient: Watch for a heartbeat on another machine, however young the last one is: a node
            may have died a moment ago.

    Raises:
        OSError: if the folder cannot be written.
    """
    while True:
        make_folder(folder)
        number = _highest(folder)
        gone = folder / f"{number}{LOCK_SUFFIX}"
        hold = read_hold(gone) if number else None
        if number and hold is None:
            continue  # released at this moment
        if hold is not None and not _is_gone(gone, hold, patient=patient):
            return hold
        path = folder / f"{number + 1}{LOCK_SUFFIX}"
        with suppress(FileExistsError, FileNotFoundError):  # another was faster, or all is over
            owner = _create_or_clear(path)
            is_highest = _highest(folder) == number + 1
            if is_highest and (hold is None or _owner_of(gone) == hold.owner):
                return RunLock(path, owner)
            path.unlink(missing_ok=True)  # what was found is not so any more


def holder_of(folder: Path) -> Hold | None:
    """Return who works on a run, without waiting; a stale heartbeat is told by this clock alone."""
    number = _highest(folder)
    hold = read_hold(folder / f"{number}{LOCK_SUFFIX}") if number else None
    if hold is None:
        return None
    if hold.owner is not None and hold.owner.machine == this_machine():
        return hold if _is_running(hold.owner) else None
    return hold if hold.heartbeat_age < STALE_SECONDS else None


def last_heartbeat(folder: Path) -> tuple[int, int] | None:
    """Return the number of the newest lock on a run, and its last touch in nanoseconds, if any.

    Of a process that works on it, one or the other changes again and again.
    """
    number = _highest(folder)
    try:
        return (number, _read(folder / f"{number}{LOCK_SUFFIX}")[1]) if number else None
    except OSError:
        return None


def read_hold(path: Path) -> Hold | None:
    """Read a lock; None if it is not there any more. One that may not be read has an owner."""
    try:
        content, beat = _read(path)
    except PermissionError:
        content, beat = "", path.stat().st_mtime_ns
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):
            return None
        raise
    try:
        owner: Owner | None = _owner_adapter().validate_python(from_json(content))
    except ValueError:  # pydantic's errors are such
        owner = None
    return Hold(owner=owner, heartbeat_age=time.time() - beat / 1e9)


@cache
def _owner_adapter() -> TypeAdapter[Owner]:
    return TypeAdapter(Owner)


def _owner_of(path: Path) -> Owner | None:
    hold = read_hold(path)
    return None if hold is None else hold.owner


def this_machine() -> str:
    """Name where this process's number means something: host, boot, and container."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # Linux alone has them
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _create_or_clear(path: Path) -> Owner:
    """Create a lock; where the disk is full, leave nothing of it, nor its folder if it is empty."""
    try:
        return _create(path)
    except OSError:
        with suppress(OSError):
            path.parent.rmdir()
        raise


def _create(path: Path) -> Owner:
    owner = Owner(
        host=socket.gethostname(),
        machine=this_machine(),
        pid=os.getpid(),
        process_start=_process_start(os.getpid()) or "",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with names_path(path), path.open("x") as file:
        try:
            file.write(json.dumps(asdict(owner)))
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return owner


def _is_gone(path: Path, hold: Hold, *, patient: bool) -> bool:
    if hold.owner is not None and hold.owner.machine == this_machine():
        return not _is_running(hold.owner)
    if abs(hold.heartbeat_age) < STALE_SECONDS and not patient:
        return False  # at worst the clocks differ, and a later look tells
    return _stands_still(path)


def _stands_still(path: Path) -> bool:
    """Watch a heartbeat for `STALE_SECONDS`."""
    begin = time.monotonic()
    first: int | None = None
    while time.monotonic() - begin < STALE_SECONDS:
        try:
            _, beat = _read(path)
        except FileNotFoundError:
            return True
        except PermissionError:
            beat = path.stat().st_mtime_ns
        if first is not None and beat != first:
            return False
        first = beat
        time.sleep(HEARTBEAT_POLL_SECONDS)
    return True


def _read(path: Path) -> tuple[str, int]:
    """Return a lock's text and its last touch in nanoseconds.

    An NFS client asks the server anew for a file that is opened, not for one that is looked at.
    """
    with path.open(errors="replace") as file:
        return file.read(), os.fstat(file.fileno()).st_mtime_ns


def _highest(folder: Path) -> int:
    try:
        stems = [path.stem for path in folder.iterdir() if path.suffix == LOCK_SUFFIX]
    except FileNotFoundError:
        return 0
    return max((int(stem) for stem in stems if stem.isdecimal()), default=0)


def _is_running(owner: Owner) -> bool:
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # of another user
    start = _process_start(owner.pid)
    return start is None or owner.process_start in ("", start)


def _process_start(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks, or None where it does not tell.

    One that has ended and only waits for its parent to hear of it started at "ended".
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    return "ended" if fields[0] in "ZX" else fields[19]
