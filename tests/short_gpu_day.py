"""`benchmarks.gpu_day` with the first measurement of every stage: `python -m tests.short_gpu_day`.

A busy machine may take long over them. It is a command of its own since the day copies its process
for each stage, and a copy of one that has read tables hangs at the next: polars' threads are
missing in it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.gpu_day import __main__ as command
from benchmarks.gpu_day import child, stages, tables

if TYPE_CHECKING:
    from benchmarks.gpu_day.item import Settings, Stage

LIMIT_SECONDS = 600

_list_all = stages.list_stages


def list_first_of_each(settings: Settings) -> list[Stage]:
    """List the stages with their first item alone."""
    return [
        replace(stage, items=(replace(stage.items[0], limit_seconds=LIMIT_SECONDS),))
        for stage in _list_all(settings)
    ]


if __name__ == "__main__":
    for module in (stages, child, tables):
        module.list_stages = list_first_of_each  # type: ignore[attr-defined]
    sys.exit(command.main())
