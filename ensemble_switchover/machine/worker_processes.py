"""Processes that work for this one at the same time, and end when it ends, in whatever way."""

from __future__ import annotations

import os
import signal
import sys
import threading
import weakref
from contextlib import contextmanager
from functools import cache
from multiprocessing import connection as connections
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import ProcessEndedError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.standard_streams import secure_standard_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

SECONDS_TO_END = 5.0
START_METHOD = "spawn" if sys.platform == "darwin" else "forkserver"
"""macOS's libraries start threads when they are imported, after which a fork is not safe."""


class WorkerProcesses:
    """Processes with a connection to each; leaving the context ends them."""

    def __init__(self) -> None:
        self._processes: list[BaseProcess] = []
        self._connections: list[Connection] = []
        self._names: list[str] = []
        self.end = weakref.finalize(self, _end, self._processes, self._connections)
        """Ends all processes; at the latest, the interpreter calls it when it exits."""

    def __enter__(self) -> WorkerProcesses:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def __len__(self) -> int:
        return len(self._processes)

    def start(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        """Start a process that calls `work(connection, *arguments)`.

        It is no fork of this process, which could use neither CUDA nor existing threads. A server,
        started with the first process, has imported the module of that first `work`, and forks all
        of them; so torch is imported once. On macOS each is a new interpreter.

        Args:
            name: Names the process in messages.
            work: A function of a module, called in the new process.
            arguments: Further arguments of `work`, which must be picklable.

        Raises:
            ProcessEndedError: if the server was ended meanwhile.
        """
        _start_server(work.__module__)
        context: Any = get_context(START_METHOD)
        ours, theirs = context.Pipe()
        environment = dict(os.environ)
        process = context.Process(
            target=_live, args=(environment, work, theirs, *arguments), daemon=True
        )
        # in between, it would leave a process that nothing ends
        with _uninterrupted(), _main_module_unnamed():
            try:
                process.start()
            except (EOFError, ConnectionError) as error:
                raise ProcessEndedError(
                    f"the server of processes was ended while {name} was started"
                ) from error
            self._processes.append(process)
            self._connections.append(ours)
            self._names.append(name)
        theirs.close()

    def send(self, number: int, content: bytes) -> None:
        """Send bytes to the process of that number."""
        self._connections[number].send_bytes(content)

    def receive(self, number: int) -> bytes:
        """Wait for bytes from the process of that number.

        Raises:
            ProcessEndedError: if the process has ended instead.
        """
        try:
            return self._connections[number].recv_bytes()
        except (EOFError, ConnectionResetError):
            interruption.check()
            process = self._processes[number]
            process.join()
            raise ProcessEndedError(
                f"the process of {self._names[number]} was ended (exit code {process.exitcode}; "
                f"-9: killed, often for want of memory); the same command goes on"
            ) from None

    def ready(self, numbers: Sequence[int]) -> Iterator[int]:
        """Wait until some of these processes have sent bytes or ended, and yield their numbers."""
        waiting = {id(self._connections[number]): number for number in numbers}
        for ready in connections.wait([self._connections[number] for number in numbers]):
            yield waiting[id(ready)]


@cache
def _start_server(module: str) -> None:
    """Start the server and wait for its imports; only this one of both can be interrupted."""
    if START_METHOD != "forkserver":
        return
    forkserver.set_forkserver_preload([module])
    resource_tracker.ensure_running()  # which the server needs, and whose start unblocks signals
    with _uninterrupted():  # the server and its forks begin with the signals that are blocked here
        forkserver.ensure_running()
    first = get_context("forkserver").Process(target=os.getpid, daemon=True)
    try:
        with _main_module_unnamed():
            first.start()
    except (EOFError, ConnectionError) as error:
        raise ProcessEndedError("the server of processes was ended as it started") from error
    first.join()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, interruption.STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _main_module_unnamed() -> Iterator[None]:
    """Let processes that are started not import the main module, which they have no use for.

    It may be a script of the user's that trains as soon as it is imported.
    """
    main = vars(sys.modules["__main__"])
    named: dict[str, Any] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.update(dict.fromkeys(named))
    try:
        yield
    finally:
        main.update(named)


def _end(processes: Sequence[BaseProcess], ours: Sequence[Connection]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join(SECONDS_TO_END)
    for connection in ours:
        connection.close()


def _live(
    environment: dict[str, str],
    work: Callable[..., None],
    connection: Connection,
    *arguments: Any,
) -> None:
    """Run in the new process: call the work, and exit if the parent ends first."""
    secure_standard_streams()
    os.environ.clear()  # of when the server started
    os.environ.update(environment)
    for number in interruption.STOP_SIGNALS:  # they reach all processes; the parent ends this one
        signal.signal(number, lambda *_: None)
    parent: Any = parent_process()
    threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()
    work(connection, *arguments)


def _end_after(sentinel: int) -> None:
    connections.wait([sentinel])
    os._exit(1)
