"""Whether a record's times fit together: of a run itself or of a timing pass, and their parts."""

from __future__ import annotations

import math
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING

from ensemble_switchover.machine.terminal import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ensemble_switchover.results.record import Record, TimingPassRecord

_RELATIVE, _SECONDS = 1e-3, 0.01
"""By how much seconds may differ that were read from several clocks."""


def check_times(record: Record) -> Iterator[str]:
    """Yield in words what does not hold of the times of a record."""
    times_of, timing_pass = record.environment.times_of, record.timing_pass
    if times_of == "timing pass" and timing_pass is None:
        yield "times_of timing pass: the record has no timing_pass"
    if times_of == "run" and timing_pass is not None:
        yield "times_of run: the record has a timing_pass"
    if timing_pass is not None:
        yield from _check_pass(record, timing_pass)
    elif any(epoch.together for epoch in record.epochs):
        yield "epochs: trained together with other seeds; expected a timing_pass"
    yield from _check_parts(record)


def _check_pass(record: Record, timing_pass: TimingPassRecord) -> Iterator[str]:
    seeds, k = timing_pass.seeds, record.design.k
    if record.seed not in seeds:
        yield f"timing_pass.seeds {seeds}: expected the run's own among them, {record.seed}"
    if len(set(seeds)) < len(seeds):
        yield f"timing_pass.seeds {seeds}: expected each once"
    members = timing_pass.num_members
    if members != 1 and (members % k or members > k * len(seeds)):
        yield (
            f"timing_pass.num_members {members}: expected a multiple of k={k}, of "
            f"{count(len(seeds), 'seed')} at most"
        )
    own = f"{record.design.design_class} k={k}"
    # A run that shares another's training has that one's timing pass.
    if record.shared_from is None and own not in timing_pass.beside:
        yield f"timing_pass.beside {timing_pass.beside}: expected {own} among them"
    evaluated = [epoch for epoch in record.epochs if epoch.error_percent is not None]
    for name, epochs in (("training_seconds", record.epochs), ("evaluation_seconds", evaluated)):
        timed = getattr(timing_pass, name)
        if not timed:
            yield f"timing_pass.{name}: expected those of one epoch or more"
        elif any(_differ(getattr(epoch, name), median(timed)) for epoch in epochs):
            yield f"{name} of the epochs: expected the median of the timing pass, {median(timed):g}"
    if len({(e.peak_device_bytes, e.peak_rss_bytes) for e in record.epochs}) > 1:
        yield "memory of the epochs: expected that of the timing pass, in all the same"
    if any(epoch.warm_up for epoch in record.epochs):
        yield "warm_up of the epochs: a timing pass has its own; expected none"


def _check_parts(record: Record) -> Iterator[str]:
    if record.seconds is None:
        return
    parts = asdict(record.seconds)
    total = sum(seconds for name, seconds in parts.items() if name != "waiting")
    if _differ(total, record.wall_seconds):
        yield (
            f"seconds: their parts without waiting add up to {total:g}; expected wall_seconds, "
            f"{record.wall_seconds:g}"
        )
    if record.timing_pass is None and record.seconds.timing:
        yield f"seconds.timing {record.seconds.timing:g}: the record has no timing_pass"


def _differ(one: float, other: float) -> bool:
    return not math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=_SECONDS)
