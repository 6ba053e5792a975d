"""Giving runs to a launcher of Hydra until each has ended, or cannot be had."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from hydra.core.utils import JobStatus

from ensemble_switchover.errors import first_line
from ensemble_switchover.sweep.progress import POLL_SECONDS, describe_kill, locks_on, was_killed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher

    from ensemble_switchover.config.run_spec import Cell
    from ensemble_switchover.sweep.progress import Watch

NOT_RUN = "not run: "
"""How the answer of a job begins that could not begin, and left no failure behind."""
BUSY = "busy"
"""The answer of a job whose run another process held."""
CANCELLED = "CANCELLED"
"""What submitit says of a job that somebody cancelled."""


def dispatch(
    cells: Sequence[Cell], words: Mapping[str, list[str]], watch: Watch, launcher: Launcher
) -> None:
    """Launch runs, and again what a launcher left that broke down.

    A process that is killed takes others with it: joblib ends all workers, and submitit tells of
    the first job that is gone. So what did not end is launched again: first the runs that no killed
    process worked on, then each of the others alone, so that the one at fault costs no other. Twice
    killed, it is given up. Jobs that are still queued somewhere are then there twice, which the
    locks of the runs make harmless.

    Args:
        cells: The runs.
        words: Those of each run, by its name.
        watch: Knows which runs are still pending.
        launcher: Hydra's.
    """
    batch = list(cells)
    before = {cell.name: locks_on(cell) for cell in cells}
    suspects: dict[str, Cell] = {}
    while batch:
        broken = _launch(batch, words, watch, launcher)
        if broken is None:
            break
        if _is_cancelled(broken):
            return
        left = _wait_for_running(cells, watch)
        suspects |= {cell.name: cell for cell in left if was_killed(cell, before[cell.name])}
        rest = [cell for cell in left if cell.name not in suspects]
        if len(rest) == len(batch):
            for cell in rest:
                watch.give_up(cell, _not_launched(broken))
            break
        batch = rest
    for cell in suspects.values():
        if cell.name in watch.pending and not _launch_alone(cell, words, watch, launcher):
            return


def _launch_alone(
    cell: Cell, words: Mapping[str, list[str]], watch: Watch, launcher: Launcher
) -> bool:
    """Launch a run again that a killed process worked on; False if somebody cancels it."""
    before = locks_on(cell)
    broken = _launch([cell], words, watch, launcher)
    if broken is None:
        return True
    if _is_cancelled(broken):
        return False
    if _wait_for_running([cell], watch):
        killed = was_killed(cell, before)
        watch.give_up(cell, describe_kill(cell) if killed else _not_launched(broken))
    return True


def _is_cancelled(broken: str) -> bool:
    """Tell whether somebody cancelled a job, and say what that means."""
    if CANCELLED not in broken:
        return False
    print(f"{broken}; what is left is not launched again", file=sys.stderr)
    return True


def _not_launched(broken: str) -> str:
    return f"could not be launched: {broken}"


def _launch(
    cells: Sequence[Cell], words: Mapping[str, list[str]], watch: Watch, launcher: Launcher
) -> str | None:
    """Launch some runs and wait for them.

    Returns:
        What the launcher said when it broke down before all had ended; None if it did not.
    """
    try:
        returns = launcher.launch([words[cell.name] for cell in cells], initial_job_idx=0)
    except Exception as error:  # noqa: BLE001 - of any launcher; the other runs shall go on
        return f"{type(error).__name__}: {first_line(error)}"
    watch.look()
    answers = {cell.name: _answer(entry) for cell, entry in zip(cells, returns, strict=True)}
    for cell in cells:
        if cell.name in watch.pending and answers[cell.name].startswith(NOT_RUN):
            watch.give_up(cell, answers[cell.name])
    again = [cell for cell in watch.waiting() if answers.get(cell.name) == BUSY]
    return _launch(again, words, watch, launcher) if again else None


def _answer(returned: JobReturn) -> str:
    if returned.status is JobStatus.COMPLETED:
        return str(returned.return_value)
    return NOT_RUN + first_line(returned._return_value)


def _wait_for_running(cells: Sequence[Cell], watch: Watch) -> list[Cell]:
    """Wait until no process works on any of some runs, and return those that have not ended."""
    names = {cell.name for cell in cells}
    while True:
        watch.look()
        waiting = [cell for cell in watch.waiting() if cell.name in names]
        if len(waiting) == len(names & set(watch.pending)):
            return waiting
        time.sleep(POLL_SECONDS)
