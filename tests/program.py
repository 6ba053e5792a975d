"""Commands in processes of their own that need not import torch: copies of one that has it.

`program.start` is for tests in which a process is the point (signals, exit codes, what is on its
disk after a kill) and imports are not. `python -m tests.program FD` is the process that is copied:
it imports what a training needs and forks for each command that it is sent by the socket FD, where
it listens.

A copy is cheap as long as it writes to little of the memory that it shares: the garbage collector
leaves alone what was there before, and at its end a copy does not take its modules apart.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY = Path(__file__).parents[1]


class Process:
    """A copy that runs `python -m MODULE ARGUMENTS`; used as a `subprocess.Popen`."""

    def __init__(
        self, module: str, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]
    ) -> None:
        out, err, status = os.pipe(), os.pipe(), os.pipe()
        command = json.dumps([module, list(arguments), str(folder), dict(environment)])
        socket.send_fds(_original(), [command.encode()], [out[1], err[1], status[1]])
        for _, end in (out, err, status):
            os.close(end)
        self.stdout, self.stderr = os.fdopen(out[0]), os.fdopen(err[0])
        self._status = os.fdopen(status[0])
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code of a process that is over."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._read_status()
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Wait for the end; return what is left of its output and its error output."""
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.append(self.stderr.read()))
        reader.start()
        output = self.stdout.read()
        reader.join()
        if self.returncode is None:
            self._read_status()
        self.stdout.close()
        self.stderr.close()
        return output, errors[0]

    def terminate(self) -> None:
        """Ask it to end."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def _read_status(self) -> None:
        self.returncode = int(self._status.readline())
        self._status.close()


def start(
    *arguments: str,
    folder: Path,
    module: str = "ensemble_switchover",
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a command in a folder, as the leader of a group of processes."""
    return Process(module, arguments, folder, os.environ if environment is None else environment)


def run(
    *arguments: str,
    folder: Path,
    module: str = "ensemble_switchover",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder to its end."""
    process = start(*arguments, folder=folder, module=module, environment=environment)
    output, errors = process.communicate()
    assert process.returncode is not None
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


@functools.cache
def _original() -> socket.socket:
    """Connect to the process that is copied, one for all workers of pytest; it ends with them."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    address = _address(f"ensemble_switchover_original_{run}")
    connection = socket.socket(socket.AF_UNIX)
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            connection.connect(address)
        except OSError:  # nobody has started it, or those who did have ended
            _start_original(address)
            connection.connect(address)
    return connection


def _address(name: str) -> str:
    """Return the address of a socket; on Linux it is no file, which a killed process would leave.

    Elsewhere it is one in a folder with a short name, since addresses are at most 103 bytes long.
    """
    return f"\0{name}" if sys.platform == "linux" else f"/tmp/{name}"


def _start_original(address: str) -> None:
    with suppress(OSError, ValueError):
        os.unlink(address)  # noqa: PTH108 - no path on Linux
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        original = subprocess.Popen(
            [sys.executable, "-m", "tests.program", str(listener.fileno())],
            cwd=REPOSITORY,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
        )

    def end() -> None:
        _original().close()
        original.wait()
        with suppress(OSError, ValueError):
            os.unlink(address)  # noqa: PTH108

    atexit.register(end)


def _serve(listener: socket.socket) -> None:
    """Fork for each command, until all who asked for some have ended."""
    _import_what_commands_need()
    clients: list[socket.socket] = [listener.accept()[0]]
    running: dict[int, int] = {}
    while clients:
        ready = select.select([listener, *clients], [], [], 0.01 if running else None)[0]
        for client in ready:
            if client is listener:
                clients.append(listener.accept()[0])
                continue
            message, fds = _read(client)
            if not message:
                client.close()
                clients.remove(client)
                continue
            out, err, status = fds
            process_id = os.fork()
            if process_id == 0:
                for other in (listener, *clients):
                    other.close()
                for number in (status, *running.values()):
                    os.close(number)
                _become(*json.loads(message), out, err)
            os.close(out)
            os.close(err)
            _tell(status, process_id)
            running[process_id] = status
        for process_id, status in list(running.items()):
            done, code = os.waitpid(process_id, os.WNOHANG)
            if done:
                _tell(status, os.waitstatus_to_exitcode(code))
                os.close(running.pop(process_id))


def _read(client: socket.socket) -> tuple[bytes, list[int]]:
    try:
        message, fds, _, _ = socket.recv_fds(client, 1 << 20, 3)
    except ConnectionResetError:  # of a worker that was killed
        return b"", []
    return message, fds


def _tell(status: int, number: int) -> None:
    with suppress(BrokenPipeError):  # the test has failed, and reads no more
        os.write(status, f"{number}\n".encode())


def _import_what_commands_need() -> None:
    import polars  # noqa: F401 - its threads, which no copy has, begin with its first use
    import sklearn.datasets  # noqa: F401 - the digits
    from hydra.core.plugins import Plugins

    import ensemble_switchover.app
    import ensemble_switchover.runner.run
    import ensemble_switchover.sweep.within_hours  # noqa: F401

    Plugins.instance()  # imports all plugins
    gc.collect()
    gc.freeze()


def _become(
    module: str, arguments: list[str], folder: str, environment: dict[str, str], out: int, err: int
) -> NoReturn:
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, or a shell's &, had them ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    end_with(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))


def end_with(program: Callable[[], object]) -> NoReturn:
    """Run a program to the end of this process, as an interpreter does, and clear up less."""
    code = _exit_code(program)
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exit_code(program: Callable[[], object]) -> int:
    try:
        program()
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - told, as by an interpreter
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as given:
        _serve(given)
