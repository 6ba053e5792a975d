"""Workers of joblib that are copies of a process that has torch, in place of new interpreters.

A command that has called `copy_workers` starts none that imports torch anew. Its workers are its
own children, as joblib's are, and behave alike: they are told what to do by the same pipes, and
end with the same codes.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import runpy
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from joblib.externals.loky.backend import fork_exec as starting

from tests.program import end_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORKER = "joblib.externals.loky.backend.popen_loky_posix"
PR_SET_CHILD_SUBREAPER = 36
FREE_FDS = 500
"""Higher than the numbers of all files that a process of the tests has open."""


def copy_workers() -> None:
    """Make joblib of this process copy it as it is now; for a process without threads, on Linux."""
    if sys.platform != "linux":
        return
    # so that a copy of a copy that has ended becomes a child of this process
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, its = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _serve(its)
    its.close()

    def start(command: list[str], fds: Iterable[int], env: Mapping[str, str] | None = None) -> int:
        fds = sorted(map(int, fds))
        message = json.dumps([command[3:], fds, {**os.environ, **(env or {})}])
        socket.send_fds(ours, [message.encode()], fds)
        return int(ours.recv(100))

    starting.fork_exec = start


def _serve(orders: socket.socket) -> NoReturn:
    """Start workers until the command ends; what interrupts that is for it and its workers."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (2, 15)}
    while True:
        message, fds, _, _ = socket.recv_fds(orders, 1 << 20, 250)
        if not message:
            os._exit(0)
        read, write = os.pipe()
        between = os.fork()
        if between == 0:
            worker = os.fork()
            if worker == 0:
                orders.close()
                os.close(read)
                os.close(write)
                for number, handler in handlers.items():
                    signal.signal(number, handler)
                _work(*json.loads(message), fds)
            os.write(write, str(worker).encode())
            os._exit(0)
        os.waitpid(between, 0)
        orders.send(os.read(read, 100))
        for fd in (read, write, *fds):
            os.close(fd)


def _work(
    arguments: list[str], numbers: list[int], environment: dict[str, str], fds: list[int]
) -> NoReturn:
    spare = [fcntl.fcntl(fd, fcntl.F_DUPFD, FREE_FDS) for fd in fds]
    for fd in fds:
        os.close(fd)
    for fd, number in zip(spare, numbers, strict=True):
        os.dup2(fd, number)
        os.close(fd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    sys.modules.pop(WORKER, None)
    end_with(lambda: runpy.run_module(WORKER, run_name="__main__", alter_sys=True))
