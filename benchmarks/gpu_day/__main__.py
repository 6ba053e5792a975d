"""The command: `python -m benchmarks.gpu_day --minutes 8 --out "$OUT"`."""

from __future__ import annotations

import argparse
import fcntl
import math
import os
import signal
import sys
import tarfile
import time
from multiprocessing import active_children
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from benchmarks.gpu_day.figures import Figures
from benchmarks.gpu_day.item import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import TextIOWrapper

DEFAULT_MINUTES, MAX_MINUTES = 8.0, 24 * 60.0
SECONDS_FOR_TABLES = 6.0
"""Kept for the tables and the archive at the end."""
SECONDS_FOR_FACTS = 90.0
ARCHIVE = "records.tar.gz"
LOCK_FILE = ".lock"
NEEDED = (
    "no CUDA device here: the day needs a machine with an NVIDIA GPU, its driver and a torch built "
    "for CUDA; --tiny rehearses it on any machine"
)
USAGE_ERROR, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Spend the minutes, print the tables; return the exit code."""
    begin = time.monotonic()
    given = _parse(arguments)
    settings = Settings(given.out, tiny=given.tiny, only=given.only)
    lock = _claim(settings.folder)
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"  # asking for CUDA must not begin it here
    with lock:
        try:
            if given.minutes > 0:
                return _measure(settings, begin + 60 * given.minutes - SECONDS_FOR_TABLES)
            return _print_tables(settings)
        except KeyboardInterrupt:
            _pack(settings.folder)
            _print_tables(settings)
            return INTERRUPTED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    import benchmarks.gpu_day as package

    parser = argparse.ArgumentParser(
        prog="benchmarks.gpu_day",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = Path(os.environ.get("OUT") or "gpu_day")
    parser.add_argument(
        "--minutes", type=_minutes, default=DEFAULT_MINUTES,
        help="it ends within so many; 0 prints the tables of what there is (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=default,
        help="folder of the figures (default: $OUT, or gpu_day here)",
    )  # fmt: skip
    parser.add_argument("--tiny", action="store_true", help="rehearse with tiny sizes, anywhere")
    parser.add_argument("--only", default="", help="only measurements whose name has this text")
    given = parser.parse_args(arguments)
    given.out = given.out.absolute()
    return given


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes <= MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"expected 0 to {MAX_MINUTES:g} minutes; {text} came")
    return minutes


def _claim(folder: Path) -> TextIOWrapper:
    """Make the folder, and lock it against a second day; the lock ends with the file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK_FILE).open("w")
    except OSError as error:
        _refuse(f"--out: cannot write to {folder} ({error.strerror}); name another folder")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        _refuse(f"--out: another day works in {folder}; wait for its end, or name another folder")
    return lock


def _refuse(sentence: str) -> NoReturn:
    print(f"gpu_day: {sentence}", file=sys.stderr)
    raise SystemExit(USAGE_ERROR)


def _measure(settings: Settings, end: float) -> int:
    """Measure until a reading of `time.monotonic`, and print the tables."""
    from benchmarks.gpu_day.day import Day, ask_facts  # torch: only once the arguments are right
    from benchmarks.gpu_day.stages import list_stages

    figures = Figures(settings.folder)
    start_method, facts = ask_facts(min(SECONDS_FOR_FACTS, max(1.0, end - time.monotonic())))
    if "trouble" in facts:
        _refuse(f"{facts['trouble']}; --tiny rehearses the day on any machine")
    if facts["device"] != "cuda" and not settings.tiny:
        _refuse(NEEDED)
    condition = _condition(facts, settings)
    for session in figures.sessions():
        if session["condition"] != condition:
            _refuse(
                f"--out: {settings.folder} has the figures of {session['condition']}, and this is "
                f"{condition}; name another folder"
            )
    stages = list_stages(settings)
    if not any(stage.items for stage in stages):
        _refuse(f"--only: expected text of a measurement's name; none has {settings.only!r}")
    figures.write(session=len(figures.sessions()) + 1, condition=condition, facts=facts)
    begin = time.monotonic()
    day = Day(
        settings,
        figures,
        end,
        lambda text: print(f"[{time.monotonic() - begin:4.0f} s] {text}", flush=True),
        start_method,
    )
    _stop_at(signal.SIGTERM)
    day.run(stages)
    _pack(settings.folder)
    return _print_tables(settings)


def _condition(facts: dict[str, Any], settings: Settings) -> str:
    """Name what figures of one folder have in common.

    >>> facts = {"device_name": "NVIDIA H200", "versions": {"torch": "2.11.0"}}
    >>> _condition(facts, Settings(Path("out"), tiny=True))
    'NVIDIA H200, torch 2.11.0, tiny'
    """
    size = "tiny" if settings.tiny else "whole"
    return f"{facts['device_name']}, torch {facts['versions']['torch']}, {size}"


def _stop_at(number: signal.Signals) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(number, stop)


def _pack(folder: Path) -> None:
    """Put the runs into one file, which replaces an earlier one when it is whole."""
    from benchmarks.gpu_day.cost_records import RUNS_FOLDER

    if not (folder / RUNS_FOLDER).is_dir():
        return
    partial = folder / f".{ARCHIVE}"
    with tarfile.open(partial, "w:gz") as archive:
        archive.add(folder / RUNS_FOLDER, arcname=RUNS_FOLDER)
    partial.replace(folder / ARCHIVE)


def _print_tables(settings: Settings) -> int:
    from benchmarks.gpu_day.tables import write_tables

    whole, short = write_tables(settings)
    (settings.folder / "tables.txt").write_text(whole)
    print(short, end="", flush=True)
    return 0


def _leave(code: int) -> NoReturn:
    """End this process, though a driver may hold one of its children, which would be waited for."""
    if active_children():
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    _leave(main())
