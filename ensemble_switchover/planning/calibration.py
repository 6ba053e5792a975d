"""Stored timings of a few designs on one device, and the rates that are fitted to them."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.fingerprint import short_hash
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.caches import cache_folder
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.planning.workload import Pass, Workload, seconds

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Positive, Size  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec

CALIBRATION_VERSION = 3
CALIBRATION_SECONDS = 60
"""Duration of a calibration by default."""

MIN_TIMED_DESIGNS = 3
"""As many as there are rates to fit."""
FAR = 3.0
"""How many times less or more work than any that was timed makes a prediction extrapolated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What times depend on besides the design; times of other conditions do not compare."""

    device: str
    device_name: str
    execution: str
    precision: str
    compiled: bool
    threads: int | None
    """As requested by `threads=`, else by the environment; None: torch's choice."""
    processors: int
    """Logical processors that the process may use, from which torch's choice follows."""
    augmentation: str
    """That of a training step's images, as `augmentation_text` describes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The times of one pass of the members that share it."""

    design: str
    """As `design_text` describes it."""
    family: str
    timed: Pass
    work: Workload
    median_seconds: Positive
    lower_seconds: Positive
    """First quartile."""
    upper_seconds: Positive
    """Third quartile."""
    repeats: Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The observations under one set of conditions, and the rates that are fitted to them."""

    version: int
    conditions: Conditions
    date: str
    torch: str
    num_threads: Size
    """Threads that torch had while the designs were timed."""
    memory_bytes: Size | None
    """Size of the device's memory."""
    observations: list[Observation]
    rates: dict[Pass, tuple[Amount, Amount, Amount]] = field(default_factory=dict)
    """Pass -> seconds of an operation, a FLOP and an element."""
    factors: dict[Pass, dict[str, Positive]] = field(default_factory=dict)
    """Pass -> family -> its time as a multiple of what the rates predict."""

    def predict(self, timed: Pass, design: str, family: str, work: Workload) -> float | None:
        """Predict the seconds of a pass: those observed for the same design, else from the rates.

        Returns:
            None if that pass was not timed.
        """
        for observation in self.observations:
            if observation.timed is timed and observation.design == design:
                return observation.median_seconds
        if timed not in self.rates:
            return None
        return self.factors.get(timed, {}).get(family, 1.0) * seconds(self.rates[timed], work)

    def is_extrapolated(self, timed: Pass, design: str, family: str, work: Workload) -> bool:
        """Return whether no similar design was timed.

        That is so if too few designs or none of the family were timed, or if the work is far
        outside the range of the work that was timed.
        """
        observed = [entry for entry in self.observations if entry.timed is timed]
        if any(entry.design == design for entry in observed):
            return False
        if len(observed) < MIN_TIMED_DESIGNS or all(entry.family != family for entry in observed):
            return True
        columns = zip(*(entry.work.features for entry in observed), strict=True)
        return any(
            not min(column) / FAR <= feature <= FAR * max(column)
            for feature, column in zip(work.features, columns, strict=True)
        )


def fit_rates(calibration: Calibration) -> Calibration:
    """Fit the rates of every pass to its observations.

    The rates minimise the squared relative errors and are not negative. A family's factor is the
    geometric mean of its observed over its fitted seconds.
    """
    rates, factors = {}, {}
    for timed in Pass:
        observed = [entry for entry in calibration.observations if entry.timed is timed]
        if observed:
            rates[timed] = _fit_rates(observed)
            factors[timed] = _fit_factors(observed, rates[timed])
    return replace(calibration, rates=rates, factors=factors)


def merge(old: Calibration | None, new: Calibration) -> Calibration:
    """Add new observations to old ones of the same torch; they replace those of the same design."""
    if old is None or old.torch != new.torch:
        return fit_rates(new)
    known = {(entry.design, entry.timed): entry for entry in old.observations}
    known.update({(entry.design, entry.timed): entry for entry in new.observations})
    return fit_rates(replace(new, observations=list(known.values())))


def calibration_folder(cache: str | None) -> Path:
    """Return the folder of the calibrations.

    Args:
        cache: `dataset.cache`; None for the user's cache.
    """
    return cache_folder(cache, "calibrations")


def calibrations_of(
    specs: Iterable[RunSpec], fresh: Sequence[Calibration] = ()
) -> tuple[list[Calibration], list[str]]:
    """Read the calibrations that runs can be predicted from, in the caches that they name.

    Args:
        specs: The runs.
        fresh: Calibrations of this process, which count even where they could not be kept.

    Returns:
        The calibrations, and a message for each one that cannot be read.
    """
    found, problems = [], []
    folders = dict.fromkeys(calibration_folder(spec.dataset.cache) for spec in specs)
    for folder in folders:
        calibrations, unread = read_calibrations(folder)
        found += calibrations
        problems += unread
    merged = [merge(find_calibration(found, entry.conditions), entry) for entry in fresh]
    return [*merged, *found], problems


def write_calibration(calibration: Calibration, folder: Path) -> Path:
    """Write a calibration to its file, whole or not at all."""
    path = folder / f"{_name(calibration.conditions)}.json"
    write_file(path, _adapter().dump_json(calibration, indent=1))
    return path


def add_observations(new: Calibration, folder: Path) -> Calibration:
    """Merge new observations into the stored calibration of the same conditions.

    A lock lets one process at a time do so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        known, _ = read_calibrations(folder)
        merged = merge(find_calibration(known, new.conditions), new)
        write_calibration(merged, folder)
    return merged


def read_calibrations(folder: Path) -> tuple[list[Calibration], list[str]]:
    """Read the calibrations of a folder; return a message for each one that cannot be read."""
    found, problems = [], []
    for path in _files_of(folder):
        try:
            calibration = _adapter().validate_json(path.read_bytes())
            if calibration.version != CALIBRATION_VERSION:
                raise RecordError(f"version {calibration.version}, expected {CALIBRATION_VERSION}")
        except (OSError, ValidationError, RecordError) as error:
            if isinstance(error, OSError):
                problems.append(f"left out: {sentence_of(error)}")
                continue
            reason = _first_problem(error) if isinstance(error, ValidationError) else error
            problems.append(
                f"{path}: no calibration of this version, left out ({reason}); --calibrate makes "
                f"another"
            )
        else:
            found.append(calibration)
    return found, problems


def _files_of(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.json"))
    except OSError:  # it cannot be read, or its name is too long to exist
        return []


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")


def find_calibration(
    calibrations: Iterable[Calibration], conditions: Conditions
) -> Calibration | None:
    """Find the calibration of exactly these conditions."""
    return next((entry for entry in calibrations if entry.conditions == conditions), None)


def _name(conditions: Conditions) -> str:
    return f"{conditions.device}_{short_hash(json.dumps(asdict(conditions), sort_keys=True))}"


def _fit_rates(observed: Sequence[Observation]) -> tuple[float, float, float]:
    import numpy as np
    from scipy.optimize import nnls

    counts = np.array([entry.work.features for entry in observed], dtype=float)
    relative = counts / np.array([entry.median_seconds for entry in observed])[:, None]
    scale = relative.max(axis=0)
    solution, _ = nnls(relative / scale, np.ones(len(observed)))
    first, second, third = solution / scale
    return float(first), float(second), float(third)


def _fit_factors(observed: Sequence[Observation], rates: Sequence[float]) -> dict[str, float]:
    logarithms: dict[str, list[float]] = {}
    for entry in observed:
        ratio = entry.median_seconds / seconds(rates, entry.work)
        logarithms.setdefault(entry.family, []).append(math.log(ratio))
    return {family: math.exp(sum(logs) / len(logs)) for family, logs in logarithms.items()}


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Calibration)
