"""Collapsed runs: trainings that ended far worse than the other seeds of their design.

A run has *collapsed* if its error after the last epoch is more than `LIMIT` robust standard
deviations above the median of its cell, the runs of one design class and budget. The rule is
fixed, whatever the data, and is the same for single networks and ensembles. Collapsed runs
are left out of errors, which then compare typical runs; they are listed and counted, and the answer
with them in is shown beside. What they cost stays in every number.

The robust standard deviation is the median absolute deviation from the median, made consistent for
Gaussian data and small samples (Croux & Rousseeuw 1992, Time-efficient algorithms for two highly
robust estimators of scale). Four or five seeds estimate it poorly: alone they would take one in
twenty cells of Gaussian errors for collapsed. So it is never taken below the median of the robust
standard deviations of all budgets of the design class, nor below one test image.
"""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ensemble_switchover.analysis.comparison import setting_of

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from ensemble_switchover.results.record import Record

RunKey: TypeAlias = tuple[str, str]
"""Study and name of a run."""

LIMIT = 6.0
"""Robust standard deviations above the median of its cell from which on a run has collapsed."""
MIN_RUNS = 4
"""Cells with fewer runs are not screened."""

_GAUSSIAN = 1.4826
_SMALL_SAMPLE = {4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
"""Number of runs -> factor by which the estimate is too small on average, at most 9."""

_Key = TypeVar("_Key", bound="Hashable")


def find_collapsed(records: Sequence[Record]) -> frozenset[RunKey]:
    """Find the collapsed runs.

    Runs of one cell share setting, design class, k, budget rule and budget. Their errors are those
    after the last epoch; runs without a finite one are not judged. Records that share a training
    are one run, which has collapsed in all of them or in none.

    Args:
        records: Runs of any number of settings.
    """
    image = {_series_of(record): _percent_of_an_image(record) for record in records}
    collapsed = {
        run
        for series, errors in _by_series(_cells_of(records)).items()
        for run in outliers(errors, least_deviation=image[series])
    }
    return _records_of(records, collapsed)


def find_screened(records: Sequence[Record]) -> frozenset[RunKey]:
    """Find the runs that `find_collapsed` judges: those of cells with at least `MIN_RUNS` runs.

    Args:
        records: Runs of any number of settings.
    """
    cells = _cells_of(records).values()
    screened = {run for errors in cells if len(errors) >= MIN_RUNS for run in errors}
    return _records_of(records, screened)


def training_of(record: Record) -> RunKey:
    """Return the study and the name of the run that made the training of a record."""
    return record.study, record.shared_from or record.name


def outliers(cells: Mapping[Any, Mapping[_Key, float]], least_deviation: float = 0.0) -> list[_Key]:
    """Return the runs that collapsed among the cells of one design class.

    Args:
        cells: Budget -> run -> error in percent.
        least_deviation: Smallest robust standard deviation, in percentage points.

    >>> outliers({1: {"a": 6.0, "b": 5.0, "c": 55.0, "d": 6.5, "e": 5.5}})
    ['c']
    >>> outliers({1: {"a": 6.0, "b": 5.0, "c": 55.0}})
    []
    """
    screened = [errors for errors in cells.values() if len(errors) >= MIN_RUNS]
    deviations = [robust_deviation(list(errors.values())) for errors in screened]
    least = max(median(deviations), least_deviation) if deviations else least_deviation
    return [
        run
        for errors, deviation in zip(screened, deviations, strict=True)
        for run, error in errors.items()
        if error - median(errors.values()) > LIMIT * max(deviation, least)
    ]


def robust_deviation(values: Sequence[float]) -> float:
    """Return the robust standard deviation, consistent for Gaussian samples of any size.

    >>> round(robust_deviation([1.0, 2.0, 3.0, 4.0, 100.0]), 3)
    1.788
    """
    centre, number = median(values), len(values)
    factor = _SMALL_SAMPLE.get(number, number / (number - 0.8))
    return _GAUSSIAN * factor * median(abs(value - centre) for value in values)


def _cells_of(records: Sequence[Record]) -> dict[tuple[Any, ...], dict[RunKey, float]]:
    """Return the finite last errors of every cell: series and budget -> training -> percent."""
    cells: defaultdict[tuple[Any, ...], dict[RunKey, float]] = defaultdict(dict)
    for record in records:
        error = record.error_percent
        if math.isfinite(error):
            cells[*_series_of(record), record.budget][training_of(record)] = error
    return cells


def _records_of(records: Sequence[Record], trainings: Collection[RunKey]) -> frozenset[RunKey]:
    """Return the study and the name of every record of some trainings."""
    return frozenset((r.study, r.name) for r in records if training_of(r) in trainings)


def _percent_of_an_image(record: Record) -> float:
    """Return what one image is of those that errors are measured on; 0 if there are none."""
    number = record.dataset.num_evaluated
    return 100.0 / number if number else 0.0


def _series_of(record: Record) -> tuple[Any, ...]:
    design = record.design
    source = None if design.design_class == "single" else design.source
    return setting_of(record), design.design_class, design.k, source


def _by_series(
    cells: Mapping[tuple[Any, ...], dict[RunKey, float]],
) -> dict[tuple[Any, ...], dict[Any, dict[RunKey, float]]]:
    series: defaultdict[tuple[Any, ...], dict[Any, dict[RunKey, float]]] = defaultdict(dict)
    for (*key, budget), errors in cells.items():
        series[tuple(key)][budget] = errors
    return series
