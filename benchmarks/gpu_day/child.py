"""The process of a stage: measures one item after another, and tells its parent how they ended."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.gpu_day.ending import end_with_parent
from benchmarks.gpu_day.figures import BEGUN, CUT, FAILED, MEASURED, Figures
from benchmarks.gpu_day.item import Circumstances, CutOff
from benchmarks.gpu_day.stages import list_stages
from ensemble_switchover.config.groups import register_schemas
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from benchmarks.gpu_day.item import Settings

LOG_FILE = "day.log"
DEVICE_LOST = 70
"""Exit code of a process whose device answers no more, after an illegal access, for example."""
MAX_REASON = 300


def work(
    connection: Connection,
    settings: Settings,
    stage: str,
    names: Sequence[str],
    until: float,
    latest: float,
) -> None:
    """Measure items of a stage, and send how each goes.

    Args:
        connection: Where to: a pair of an item's name and `begun`, `measured`, `failed` or `cut`.
        settings: What the day is told.
        stage: Name of the stage.
        names: Names of the items.
        until: Reading of `time.monotonic` after which none begins.
        latest: Reading at which the one that has begun is ended.
    """
    os.setsid()  # all that it starts can be ended with it
    end_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    _print_to(settings)
    register_schemas()
    (chosen,) = (one for one in list_stages(settings) if one.name == stage)
    items = {item.name: item for item in chosen.items}
    figures = Figures(settings.folder)
    device = choose_device("auto")
    for item in (items[name] for name in names):
        begin = time.monotonic()
        if begin >= until:
            return
        print(f"--- {item.name}", flush=True)
        figures.write(item=item.name, status=BEGUN, process=os.getpid())
        connection.send((item.name, BEGUN))
        deadline = min(latest, begin + item.limit_seconds)
        status = MEASURED
        content: dict[str, Any] = {}
        try:
            content["values"] = item.measure(
                Circumstances(settings.folder, settings.tiny, device, deadline)
            )
        except CutOff as reason:
            status, content = CUT, {"reason": str(reason)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the day goes on
            traceback.print_exc()
            status, content = FAILED, {"reason": shortened(error)}
        seconds = round(time.monotonic() - begin, 2)
        figures.write(item=item.name, status=status, seconds=seconds, **content)
        connection.send((item.name, status))
        if status == FAILED and not _answers(device):
            os._exit(DEVICE_LOST)
        _tidy(device)


def shortened(error: Exception) -> str:
    """Return the first line of an error's text, with its type where the text alone says little.

    >>> shortened(KeyError("a")), shortened(ValueError("depth=5: expected 6; 5 came"))
    ("KeyError: 'a'", 'ValueError: depth=5: expected 6; 5 came')
    """
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:MAX_REASON]


def _print_to(settings: Settings) -> None:
    """Append what this process and its own print to the day's log."""
    log = os.open(settings.folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)


def _answers(device: torch.device) -> bool:
    """Whether the device still works."""
    if device.type != "cuda":
        return True
    try:
        torch.cuda.synchronize(device)
    except RuntimeError:
        return False
    return True


def _tidy(device: torch.device) -> None:
    """Forget what the last item left: compiled graphs, garbage, memory of the device."""
    if "torch._dynamo" in sys.modules:  # importing it takes seconds
        torch._dynamo.reset()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
