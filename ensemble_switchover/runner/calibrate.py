"""Time a few designs on this machine's device, so that `plan` can predict the others."""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median, quantiles
from typing import TYPE_CHECKING

import torch

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.machine.caches import cache_root, optional_cache
from ensemble_switchover.machine.terminal import digits
from ensemble_switchover.measurement.environment import device_memory_bytes, device_name
from ensemble_switchover.measurement.memory import is_out_of_memory
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.planning.basis import conditions_of
from ensemble_switchover.planning.calibration import (
    CALIBRATION_VERSION,
    MIN_TIMED_DESIGNS,
    Calibration,
    Conditions,
    Observation,
    add_observations,
    calibration_folder,
    merge,
)
from ensemble_switchover.planning.cost import batch_size_of, count_work, design_text
from ensemble_switchover.planning.workload import Pass
from ensemble_switchover.runner.timed_steps import TimedSteps
from ensemble_switchover.training.device import choose_device, use_threads
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ensemble_switchover.config.execution_plan import ExecutionPlan
    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.training.precision import Precision

_logger = logging.getLogger(__name__)

MIN_TIMED_STEPS, MAX_REPEATS = 3, 12
WARM_UP_STEPS = 2


def calibrate(specs: Sequence[RunSpec], max_seconds: float) -> list[Calibration]:
    """Time designs of the runs, the most different first, and write the calibrations.

    The seconds are divided equally among the conditions of the runs.

    Returns:
        The calibrations, which could be kept only where the cache can be written.

    Raises:
        ConfigError: if this machine does not have the device or the precision.
    """
    by_conditions: dict[Conditions, list[RunSpec]] = {}
    for spec in specs:
        device = choose_device(spec.device)
        conditions = conditions_of(spec, requested_plan(spec), device.type, device_name(device))
        by_conditions.setdefault(conditions, []).append(spec)
    seconds = max_seconds / len(by_conditions)
    made = [_calibrate(conditions, group, seconds) for conditions, group in by_conditions.items()]
    return [calibration for calibration in made if calibration is not None]


def farthest_first(specs: Sequence[RunSpec]) -> Iterator[RunSpec]:
    """Yield one run of every design, each time the one that differs most from those before.

    Designs differ by the logarithms of what a training step of a member has to do; every family
    comes once before any comes twice.
    """
    designs = {design_text(spec, requested_plan(spec), Pass.TRAINING): spec for spec in specs}
    left = {text: _position(spec) for text, spec in designs.items()}
    distances = dict.fromkeys(left, math.inf)
    families: set[str] = set()
    while left:
        fresh = [text for text in left if designs[text].family.name not in families]
        chosen = max(fresh or left, key=distances.__getitem__)
        position = left.pop(chosen)
        families.add(designs[chosen].family.name)
        for text, other in left.items():
            distances[text] = min(distances[text], math.dist(other, position))
        yield designs[chosen]


def time_design(
    spec: RunSpec,
    plan: ExecutionPlan,
    device: torch.device,
    precision: Precision,
    max_seconds: float,
) -> dict[Pass, list[float]]:
    """Time training steps and predictions of the members that share them, on images of noise.

    The steps are those of the plan, with the batches and the augmentation of the run.

    Returns:
        The seconds of every repeat of each pass.
    """
    clock = synchronised_clock(device)
    trial = TimedSteps(spec, plan, device, precision)
    times = {Pass.TRAINING: _repeat(trial.step, max_seconds, clock)}
    for timed in (Pass.ONE, Pass.MANY):
        predict = trial.predictor(batch_size_of(spec, timed))
        times[timed] = _repeat(predict, max_seconds / 4, clock)
    return times


def _calibrate(
    conditions: Conditions, specs: Sequence[RunSpec], max_seconds: float
) -> Calibration | None:
    """Time designs under the same conditions; None if none of them fits into memory."""
    device = choose_device(specs[0].device)
    use_threads(specs[0].threads)
    precision = use_precision(conditions.precision, device)
    designs = list(farthest_first(specs))
    begin = time.monotonic()
    made: Calibration | None = None
    for number, spec in enumerate(designs):
        left = max_seconds - (time.monotonic() - begin)
        if number >= MIN_TIMED_DESIGNS and left <= 0:
            _logger.info(f"calibration: {number} of {len(designs)} designs in {max_seconds:.0f} s")
            break
        share = max(left, 1.0) / (len(designs) - number)
        observations = _observe(
            spec, device, precision, min(share, max_seconds / MIN_TIMED_DESIGNS)
        )
        if not observations:
            continue
        fresh = Calibration(
            version=CALIBRATION_VERSION,
            conditions=conditions,
            date=datetime.now(UTC).date().isoformat(),
            torch=version("torch"),
            num_threads=torch.get_num_threads(),
            memory_bytes=device_memory_bytes(device),
            observations=observations,
        )
        made = merge(made, fresh)
        cache = spec.dataset.cache
        with optional_cache(cache_root(cache)):
            add_observations(fresh, calibration_folder(cache))
    return made


def _observe(
    spec: RunSpec, device: torch.device, precision: Precision, max_seconds: float
) -> list[Observation]:
    plan = requested_plan(spec)
    text = design_text(spec, plan, Pass.TRAINING)
    try:
        times = time_design(spec, plan, device, precision, max_seconds)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _logger.info(f"calibration: {text} does not fit into memory; left out")
        return []
    observations = []
    for timed, seconds in times.items():
        lower, _, upper = quantiles(seconds, n=4, method="inclusive")
        observations.append(
            Observation(
                design=design_text(spec, plan, timed),
                family=spec.family.name,
                timed=timed,
                work=count_work(spec, plan, timed),
                median_seconds=median(seconds),
                lower_seconds=lower,
                upper_seconds=upper,
                repeats=len(seconds),
            )
        )
    milliseconds = digits(1000 * observations[0].median_seconds, 3)
    _logger.info(f"calibration: {text}: {milliseconds} ms a step")
    return observations


def _repeat(
    body: Callable[[], object], max_seconds: float, clock: Callable[[], float]
) -> list[float]:
    for _ in range(WARM_UP_STEPS):
        body()
    begin = clock()
    times: list[float] = []
    while len(times) < MAX_REPEATS and (
        len(times) < MIN_TIMED_STEPS or clock() - begin < max_seconds
    ):
        start = clock()
        body()
        times.append(clock() - start)
    return times


def _position(spec: RunSpec) -> tuple[float, ...]:
    work = count_work(spec, requested_plan(spec), Pass.TRAINING)
    return tuple(math.log(count) for count in work.features)
