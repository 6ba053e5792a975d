"""The day: stages within their shares of the time, each in child processes that may die."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_day.child import DEVICE_LOST, work
from benchmarks.gpu_day.facts import describe
from benchmarks.gpu_day.figures import BEGUN, CUT, FAILED, MEASURED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from benchmarks.gpu_day.figures import Figures
    from benchmarks.gpu_day.item import Item, Settings, Stage

OVERTIME = 0.1
"""Share of what is left to the later stages that an item may take which has begun in time."""
LEAST_SECONDS = 2.0
"""With less, no process is started."""
SECONDS_TO_BEGIN = 45.0
"""A process that has begun nothing by then is taken for one that hangs."""
SECONDS_TO_DIE = 5.0
"""After the kill; one that a driver holds longer is left behind."""
SECONDS_TO_END = 1.0
"""Between the request to end and the kill."""


@dataclass
class Day:
    """One call of the command."""

    settings: Settings
    figures: Figures
    end: float
    """Reading of `time.monotonic` at which all measuring ends."""
    say: Callable[[str], None]
    start_method: str = "fork"
    """`fork` is quick, as torch is imported once; the parent must neither have touched CUDA nor
    have read a table, since polars hangs in a copy of a process that has used it."""
    failed: set[str] = field(default_factory=set)
    """Items that failed in this call, and are not tried again in it."""
    told: dict[str, str] = field(default_factory=dict)
    """Items that were cut off in this call, and why."""

    def run(self, stages: Sequence[Stage]) -> None:
        """Give each stage its share of what is left, and then what is over to all that were cut."""
        for number, stage in enumerate(stages):
            now = time.monotonic()
            of_all = stage.share / sum(one.share for one in stages[number:])
            self.run_stage(stage, now + of_all * (self.end - now))
        for stage in stages:
            self.run_stage(stage, self.end)
        measured = self._measured()
        for stage in stages:
            for item in stage.items:
                if item.name not in measured | self.failed:
                    reason = self.told.get(item.name, "the time was over before it")
                    self.figures.write(item=item.name, status=CUT, reason=reason)

    def run_stage(self, stage: Stage, until: float) -> None:
        """Measure what is missing of a stage until a reading of `time.monotonic`."""
        left = self._missing(stage)
        idle_starts = 0
        while left and until - time.monotonic() >= LEAST_SECONDS:
            before = len(left)
            if self._run_child(stage, left, until, until + OVERTIME * (self.end - until)):
                return
            idle_starts = idle_starts + 1 if len(left) == before else 0
            if idle_starts == 2:
                reason = f"the processes of stage {stage.name} end before they begin: see day.log"
                for item in left:
                    self._failed(item, reason)
                return

    def _missing(self, stage: Stage) -> list[Item]:
        """List the items without a measurement, those that failed in an earlier call last."""
        known = self.figures.items()
        missing = [
            item
            for item in stage.items
            if known.get(item.name, {}).get("status") != MEASURED and item.name not in self.failed
        ]
        return sorted(missing, key=lambda item: known.get(item.name, {}).get("status") == FAILED)

    def _measured(self) -> set[str]:
        items = self.figures.items().items()
        return {name for name, line in items if line.get("status") == MEASURED}

    def _run_child(self, stage: Stage, left: list[Item], until: float, latest: float) -> bool:
        """Run a process for the items that are left, and take from them those that have ended.

        Returns:
            Whether the time of the stage is over.
        """
        by_name = {item.name: item for item in left}
        context: Any = get_context(self.start_method)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=work, args=(theirs, self.settings, stage.name, list(by_name), until, latest)
        )
        process.start()
        theirs.close()
        current, begun = None, time.monotonic()
        try:
            while True:
                limit = SECONDS_TO_BEGIN if current is None else current.limit_seconds
                if not ours.poll(max(0.0, min(latest, begun + limit) - time.monotonic())):
                    return self._too_long(current, left, latest, limit)
                message = _receive(ours)
                if message is None:
                    break
                name, status = message
                if status == BEGUN:
                    current, begun = by_name[name], time.monotonic()
                    continue
                self._note(by_name[name], status, time.monotonic() - begun)
                if status != CUT:
                    left.remove(by_name[name])
                current, begun = None, time.monotonic()
            process.join(SECONDS_TO_END)
            if current is not None:
                left.remove(current)
                self._failed(current, f"its process ended {_how(process.exitcode)}")
            # one that lost its device has told of its item; another takes up the rest
            return bool(process.exitcode == 0)
        finally:
            _kill(process)
            ours.close()

    def _too_long(
        self, current: Item | None, left: list[Item], latest: float, limit: float
    ) -> bool:
        """Note what a process is ended for; return whether the time of the stage is over."""
        is_over = time.monotonic() >= latest
        if current is None:
            return is_over
        if is_over:
            self.told[current.name] = "it had begun when the time of its stage was over"
            self.figures.write(item=current.name, status=CUT, reason=self.told[current.name])
            self.say(f"cut off  {current.name}")
        else:
            left.remove(current)
            self._failed(current, f"took longer than its limit of {limit:g} s, and was ended")
        return is_over

    def _note(self, item: Item, status: str, seconds: float) -> None:
        line = self.figures.items().get(item.name, {})
        if status == FAILED:
            self.failed.add(item.name)
        if status == CUT:
            self.told[item.name] = str(line.get("reason"))
        reason = "" if status == MEASURED else f": {line.get('reason')}"
        self.say(f"{status:8} {item.name}, {seconds:.1f} s{reason}")

    def _failed(self, item: Item, reason: str) -> None:
        self.failed.add(item.name)
        self.figures.write(item=item.name, status=FAILED, reason=reason)
        self.say(f"failed   {item.name}: {reason}")


def _receive(connection: Connection) -> tuple[str, str] | None:
    """Return a process's next message; None once it has ended."""
    try:
        message: tuple[str, str] = connection.recv()
    except (EOFError, ConnectionError):
        return None
    return message


def _how(exit_code: int | None) -> str:
    """Say how a process ended.

    >>> _how(-11), _how(70), _how(3)
    ('by SIGSEGV', 'as the device answered no more', 'with exit code 3')
    """
    if exit_code is None:
        return "without closing"
    if exit_code < 0:
        return f"by {signal.Signals(-exit_code).name}"
    if exit_code == DEVICE_LOST:
        return "as the device answered no more"
    return f"with exit code {exit_code}"


def _kill(process: Any) -> None:
    """End a process and all that it has started: by a request, and soon by force."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:  # it has not come to its own group yet, or is over
            if process.is_alive():
                process.kill()
        if number == signal.SIGTERM:
            process.join(SECONDS_TO_END)
    process.join(SECONDS_TO_DIE)


def ask_facts(seconds: float) -> tuple[str, dict[str, Any]]:
    """Ask a process what this machine is.

    A fork of this process is tried first; one that cannot use CUDA, as this process has touched it
    after all, is followed by a new interpreter.

    Args:
        seconds: Is waited for an answer.

    Returns:
        How processes are to be started, and the facts, or `trouble` and a sentence.
    """
    facts: dict[str, Any] = {}
    for method in ("fork", "spawn"):
        context: Any = get_context(method)
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=describe, args=(theirs,))
        process.start()
        theirs.close()
        try:
            facts = {"trouble": f"the device did not answer in {seconds:.0f} s"}
            if ours.poll(seconds):
                facts = ours.recv()
        except EOFError:
            facts = {"trouble": "the process that asked for the device was ended"}
        finally:
            process.kill()
            process.join(SECONDS_TO_DIE)
            ours.close()
        if "trouble" not in facts:
            return method, facts
    return "spawn", facts
