"""Simulated studies whose switchover is known, for the power of a decision rule.

A study has budgets a factor of 2 apart. At each, single networks and ensembles are trained from
several seeds, and their errors after the last epoch scatter as in the study of the digits: standard
deviation 0.9 percentage points for a single network, 0.55 for an ensemble.

Dimensions: S simulated studies, B budgets in ascending order, N seeds of a design class.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

import numpy as np

from ensemble_switchover.analysis.collapse import LIMIT, MIN_RUNS, robust_deviation
from ensemble_switchover.analysis.difference import compare_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ensemble_switchover.analysis.decision_rule import DecisionRule

    Array: TypeAlias = NDArray[np.float64]
    Columns: TypeAlias = NDArray[np.int64]

Noise: TypeAlias = Literal["Gaussian", "collapses", "falling", "random per cell", "t3"]
NOISES: tuple[Noise, ...] = get_args(Noise)

SINGLE_DEVIATION, ENSEMBLE_DEVIATION = 0.9, 0.55
"""Standard deviations over seeds in percentage points."""
COLLAPSE_SHARE, COLLAPSE_POINTS = 1 / 25, 50.0
"""Share of single networks that collapse, and by how much that raises their error."""
CROSSING = 1.5
"""Where both are equally good, as an index of the budgets: between the second and the third."""
GAINS: dict[str, float] = {"weak": 0.4, "medium": 0.75, "strong": 1.1}
"""Percentage points by which the ensemble gains on the single network with each doubling of the
budget. They were chosen so that a paired t interval of 95 %, the rule before, finds .48, .66, .75
and .86 of the switchovers with 3, 4, 5 and 10 seeds, on average over gains and noises."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the interval of ensemble minus single network in every cell, `(S, B)`.

    They are NaN where the seeds give no interval. In the studies that they are of, both designs are
    equally good at every budget. Since all rules move with the data, adding a difference to both
    bounds gives the study with that difference.
    """

    lower: Array
    upper: Array


def planted_differences(gain: float, num_budgets: int = 5) -> Array:
    """Return the true ensemble minus single network at every budget, in percentage points, `(B,)`.

    >>> planted_differences(1.0).tolist()
    [1.5, 0.5, -0.5, -1.5, -2.5]
    """
    return np.asarray(gain * (CROSSING - np.arange(num_budgets)), dtype=np.float64)


def draw_errors(
    noise: Noise, deviation: float, shape: tuple[int, int, int], random: np.random.Generator
) -> Array:
    """Draw errors of one design around a true error of 0, `(S, B, N)`.

    Args:
        noise: `Gaussian`; `falling`: 4 times from the smallest to the largest budget; `random per
            cell`: between half and twice the deviation; `t3`: Student's t with 3 degrees of
            freedom; `collapses`: Gaussian, for the collapses of single networks see `draw_studies`.
        deviation: Standard deviation in percentage points.
        shape: S, B and N.
        random: Source of the random numbers.
    """
    num_studies, num_budgets, _ = shape
    errors = random.standard_normal(shape)
    if noise == "t3":
        errors = random.standard_t(3, shape) / np.sqrt(3.0)
    elif noise == "falling":
        errors *= 2.0 ** np.linspace(1.0, -1.0, num_budgets)[None, :, None]
    elif noise == "random per cell":
        errors *= 2.0 ** random.uniform(-1.0, 1.0, (num_studies, num_budgets, 1))
    return np.asarray(deviation * errors, dtype=np.float64)


def draw_studies(
    noise: Noise,
    num_studies: int,
    num_budgets: int,
    num_singles: int,
    num_ensembles: int,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Draw studies in which single networks and ensembles are equally good at every budget.

    The same arguments give the same studies.

    Returns:
        Errors of the single networks and of the ensembles, each `(S, B, N)`.
    """
    key = (seed, NOISES.index(noise), num_studies, num_budgets, num_singles, num_ensembles)
    random = np.random.default_rng(key)
    single_shape = num_studies, num_budgets, num_singles
    singles = draw_errors(noise, SINGLE_DEVIATION, single_shape, random)
    ensemble_shape = num_studies, num_budgets, num_ensembles
    ensembles = draw_errors(noise, ENSEMBLE_DEVIATION, ensemble_shape, random)
    if noise == "collapses":
        singles += COLLAPSE_POINTS * (random.random(single_shape) < COLLAPSE_SHARE)
    return singles, ensembles


def screen(errors: Array) -> Array:
    """Replace the errors of collapsed runs by NaN.

    It is `analysis.collapse.outliers`, of many studies at once.

    Args:
        errors: Errors of one design class, `(S, B, N)`.
    """
    num_seeds = errors.shape[2]
    if num_seeds < MIN_RUNS:
        return errors
    excess = errors - np.median(errors, axis=2, keepdims=True)
    middle = (num_seeds - 1) / 2
    example = list(range(num_seeds))
    factor = robust_deviation(example) / median(abs(value - middle) for value in example)
    deviation = factor * np.median(np.abs(excess), axis=2, keepdims=True)
    least = np.median(deviation, axis=1, keepdims=True)
    return np.where(excess > LIMIT * np.maximum(deviation, least), np.nan, errors)


def find_bounds(singles: Array, ensembles: Array, rule: DecisionRule) -> Bounds:
    """Compare ensembles with single networks in every cell, screened as the rule asks.

    Args:
        singles: Errors of the single networks, `(S, B, N)`.
        ensembles: Errors of the ensembles, `(S, B, N)`.
        rule: The rule.
    """
    if not rule.keep_collapsed:
        singles, ensembles = screen(singles), screen(ensembles)
    differences = compare_errors(_by_seed(ensembles), _by_seed(singles), rule)
    cells = singles.shape[:2]
    return Bounds(differences.lower.reshape(cells), differences.upper.reshape(cells))


def find_columns(bounds: Bounds, differences: Array) -> tuple[Columns, Columns]:
    """Find the switchover of every study, as `analysis.switchover.threshold` defines it.

    Args:
        bounds: Bounds of the intervals where both are equally good.
        differences: The true differences, `(B,)`.

    Returns:
        Index of the smallest budget beyond the switchover, and of the smallest that is not ruled
        out, each `(S,)`; B if there is none.
    """
    wins = bounds.upper + differences < 0.0  # false where there is no interval
    lost = bounds.lower + differences > 0.0
    return _first_lasting(wins), _first_lasting(~lost)


def _first_lasting(wins: NDArray[np.bool_]) -> Columns:
    lasting = np.logical_and.accumulate(wins[:, ::-1], axis=1)[:, ::-1]
    first = np.where(lasting.any(axis=1), lasting.argmax(axis=1), wins.shape[1])
    return np.asarray(first, dtype=np.int64)


def _by_seed(errors: Array) -> Mapping[int, Sequence[float]]:
    columns = np.moveaxis(errors, 2, 0).reshape(errors.shape[2], -1)
    return cast("Mapping[int, Sequence[float]]", dict(enumerate(columns)))
