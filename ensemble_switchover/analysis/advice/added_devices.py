"""Devices on which exported files were timed, whose times were added to records afterwards.

Such a device knows inference times alone: no seconds of training and no memory. It is told apart
by its name, the runtime with its version, and the threads, so that no times of two of them mix, and
it is never the device of a run's own times, even where the processor is the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ensemble_switchover.analysis.advice.trained_designs import Candidate, MeasuredCost
from ensemble_switchover.analysis.statistics import sample_mean, sample_std
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.terminal import complain, count
from ensemble_switchover.results.added_timings import read_added_timings
from ensemble_switchover.results.latencies import LATENCY_BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.analysis.advice.trained_designs import CascadeFacts, TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.added_timings import AddedBatchTiming, AddedTiming
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.results.record import Record

TimingsOfRuns: TypeAlias = "Mapping[RunKey, Sequence[AddedTiming]]"
ADVISED_PRECISION = "float32"
"""The errors of records are of it; a reduced precision has another error."""
CASCADE_KIND = "cascade"


def read_timings_of_runs(
    records: Iterable[Record], folders: Mapping[RunKey, Path]
) -> dict[RunKey, list[AddedTiming]]:
    """Read the times that were added to some runs; what cannot be read is told.

    Args:
        records: Runs of any kind.
        folders: The folder of every run.
    """
    found: dict[RunKey, list[AddedTiming]] = {}
    for record in records:
        key = (record.study, record.name)
        if key not in folders:
            continue
        try:
            timings = read_added_timings(folders[key], record.fingerprint)
        except RecordError as error:
            complain(f"left out: {error}")
            continue
        if timings:
            found[key] = timings
    return found


def name_added_device(timing: AddedTiming) -> str:
    """Return the name of a device of added times, with what else its times depend on."""
    machine = timing.device_name
    if timing.name is not None:
        machine = f"{timing.name} ({timing.device_name})"
    runtime = f"{timing.runtime} {timing.runtime_version}"
    return f"{machine}, {runtime}, {count(timing.threads, 'thread')}"


def added_device_names(designs: Iterable[TrainedDesign], timings: TimingsOfRuns) -> list[str]:
    """Name the devices of the times that were added to runs of the designs."""
    names = {
        name_added_device(timing)
        for design in designs
        for record in design.records
        for timing in timings.get((record.study, record.name), ())
        if timing.precision == ADVISED_PRECISION
    }
    return sorted(names)


def match_added_device(
    asked: str, designs: Sequence[TrainedDesign], times: TimingsOfRuns
) -> set[str]:
    """Return the devices of added times that are meant: by the whole name, or the machine's."""
    names = set()
    for design in designs:
        for record in design.records:
            for timing in times.get((record.study, record.name), ()):
                name = name_added_device(timing)
                known = (name, timing.name, timing.device_name)
                if timing.precision == ADVISED_PRECISION and asked in known:
                    names.add(name)
    return {asked} if asked in names else names


def list_added_candidates(
    designs: Iterable[TrainedDesign],
    device_name: str,
    timings: TimingsOfRuns,
    batch_size: int | None = None,
) -> list[Candidate]:
    """List every design with its inference times on one device of added times.

    Runs of one seed are one sample. Designs none of whose runs were timed there have no cost.

    Args:
        designs: Designs, and their cascades.
        device_name: One of `added_device_names`.
        timings: Run -> what was added to it.
        batch_size: Of inference times; None: that of tables, 128 or the largest that was measured.
    """
    candidates = []
    for design in designs:
        seeds: defaultdict[int, list[_AddedLatency]] = defaultdict(list)
        for record in design.records:
            own = [
                timing
                for timing in timings.get((record.study, record.name), ())
                if timing.precision == ADVISED_PRECISION
                and name_added_device(timing) == device_name
            ]
            latency = _latency_of(record, own, design.cascade, batch_size)
            if latency is not None:
                seeds[record.seed].append(latency)
        candidates.append(Candidate(design, _summarise(device_name, seeds)))
    return candidates


@dataclass(frozen=True, slots=True)
class _AddedLatency:
    """Inference of one run in milliseconds per image, at one batch size."""

    size: int
    mean: float
    slowest: float | None
    """That suffices for 99 % of the calls."""
    fastest: float
    measured: bool = True
    """Whether a cascade was timed itself."""


def _latency_of(
    record: Record,
    timings: Sequence[AddedTiming],
    cascade: CascadeFacts | None,
    batch_size: int | None,
) -> _AddedLatency | None:
    whole = [timing for timing in timings if timing.kind != CASCADE_KIND]
    if cascade is None:
        return _latency_of_files(whole, batch_size)
    own = cascade.of_runs[record.study, record.name]
    served = [timing for timing in timings if _is_timing_of(timing, own)]
    measured = _latency_of_files(served, batch_size)
    if measured is not None:
        return measured
    found = _latency_of_files(whole, batch_size)
    if found is None:
        return None
    mean = found.mean * own.mean_members / own.num_members
    slowest = found.slowest
    if slowest is not None:
        slowest *= own.members_p99 / own.num_members
    return _AddedLatency(found.size, mean, slowest, mean, measured=False)


def _is_timing_of(timing: AddedTiming, cascade: CascadeRecord) -> bool:
    """Tell whether a time is that of the cascade whose error is advised on."""
    return (
        timing.kind == CASCADE_KIND
        and timing.rule == cascade.rule
        and timing.order == cascade.order
        and timing.threshold is not None
        and math.isclose(timing.threshold, cascade.threshold)
    )


def _latency_of_files(
    timings: Sequence[AddedTiming], batch_size: int | None
) -> _AddedLatency | None:
    """Return the times of the file whose members run in turn, and of the fastest file."""
    at = {timing.identity: _batch_at(timing, batch_size) for timing in timings}
    known = [(timing, batch) for timing in timings if (batch := at[timing.identity]) is not None]
    in_turn = [batch for timing, batch in known if timing.execution != "fused"]
    if not in_turn:
        return None
    first = min(in_turn, key=lambda batch: batch.median_ms_per_image)
    alike = [batch for _, batch in known if batch.batch_size == first.batch_size]
    p99 = first.p99_ms_per_call
    return _AddedLatency(
        first.batch_size,
        first.median_ms_per_image,
        None if p99 is None else p99 / first.batch_size,
        min(batch.median_ms_per_image for batch in alike),
    )


def _batch_at(timing: AddedTiming, batch_size: int | None) -> AddedBatchTiming | None:
    sizes = {batch.batch_size: batch for batch in timing.batches}
    if batch_size is not None:
        return sizes.get(batch_size)
    return sizes.get(LATENCY_BATCH_SIZE) or (sizes[max(sizes)] if sizes else None)


def _summarise(
    device_name: str, seeds: Mapping[int, Sequence[_AddedLatency]]
) -> MeasuredCost | None:
    """Summarise the runs of a design at the usual, or their largest, batch size; None of none."""
    sizes = {latency.size for of_seed in seeds.values() for latency in of_seed}
    if not sizes:
        return None
    size = LATENCY_BATCH_SIZE if LATENCY_BATCH_SIZE in sizes else max(sizes)
    kept = [[run for run in of_seed if run.size == size] for of_seed in seeds.values()]
    kept = [of_seed for of_seed in kept if of_seed]
    runs = [run for of_seed in kept for run in of_seed]
    means = [sample_mean([run.mean for run in of_seed]) for of_seed in kept]
    fastest = [sample_mean([run.fastest for run in of_seed]) for of_seed in kept]
    slowest = [run.slowest for run in runs if run.slowest is not None]
    return MeasuredCost(
        condition=f"{device_name}, of exported files in {ADVISED_PRECISION}",
        device_name=device_name,
        seconds=None,
        seconds_std=None,
        latency_ms=sample_mean(means),
        latency_ms_std=sample_std(means),
        fastest_latency_ms=sample_mean(fastest),
        fastest_latency_ms_std=sample_std(fastest),
        latency_p99_ms=sample_mean(slowest) if len(slowest) == len(runs) else None,
        latency_batch_size=size,
        memory_bytes=None,
        memory_kind=None,
        num_seeds=len(means),
        num_runs=len(runs),
        is_cascade_measured=all(run.measured for run in runs),
    )
