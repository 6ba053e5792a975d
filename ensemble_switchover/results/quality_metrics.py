"""The metrics by which designs can be compared: names, units, and where a record has them.

Everything that compares designs counts a metric as a *loss*: a number of which less is better. Of
a metric of which more is better (the coverage) the loss is what it lacks to 100 %, so no comparison
has to know of directions; `QualityMetric.shown` turns a loss back before anybody reads it.

The error decides by default, as in the paper. Which design wins may depend on the metric: an
ensemble's expected loss falls with every member where the loss is convex in the probabilities, as
the negative log-likelihood is, but its error may rise (Mattei & Garreau, JMLR 2025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ensemble_switchover.machine.terminal import digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.results.epoch_metrics import EpochRecord
    from ensemble_switchover.results.quality_record import QualityRecord

MetricName: TypeAlias = Literal[
    "error", "balanced_error", "nll", "calibrated_nll", "coverage_at_5_percent_risk"
]
METRIC_NAMES: tuple[MetricName, ...] = get_args(MetricName)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityUnit:
    """A unit of metrics, and what amounts of it are small."""

    symbol: str
    of_difference: str
    """The unit of a difference, such as `percentage points`."""
    suffix: str
    """End of the names of differences in tables: `points` or `nats`."""
    decimals: int
    """Decimals of a mean and of its bounds."""
    brief_decimals: int
    """Decimals of a difference in a sentence on the switchover."""
    largest: float
    """The largest possible value; infinite if there is none."""
    margins: tuple[float, ...]
    """Margins under which the switchover is shown, beside none."""
    largest_margin: float
    """What a margin of equally good designs is at most unless the user states another."""
    smallest_deviation: float
    """Smallest standard deviation over seeds with which further runs are planned."""
    unknown_deviation: float
    """Standard deviation over seeds with which they are planned where no design has two runs."""


PERCENT = QualityUnit(
    symbol="%",
    of_difference="percentage points",
    suffix="points",
    decimals=2,
    brief_decimals=1,
    largest=100.0,
    margins=(0.0, 0.5, 1.0, 2.0),
    largest_margin=1.0,
    smallest_deviation=0.01,
    unknown_deviation=1.0,
)
NATS = QualityUnit(
    symbol="nats",
    of_difference="nats",
    suffix="nats",
    decimals=4,
    brief_decimals=3,
    largest=math.inf,
    margins=(0.0, 0.01, 0.02, 0.05),
    largest_margin=0.05,
    smallest_deviation=0.0002,
    unknown_deviation=0.02,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityMetric:
    """A metric of the ensemble's probabilities on the images that a run is evaluated on."""

    name: MetricName
    """As `--metric` takes it."""
    template: str
    """Its name, with `{}` for the images that it is measured on."""
    plural: str
    """Its name in the plural, without the images."""
    unit: QualityUnit
    column: str
    """Its name in tables, which ends with the unit."""
    lower_is_better: bool = True
    after_epoch: Callable[[EpochRecord], float | None] | None = None
    """Reads it from an evaluated epoch; None for a metric that is known after the last one only."""
    at_end: Callable[[QualityRecord], float | None] | None = None
    """Reads it from the quality after the last epoch, where the epoch itself does not have it."""

    @property
    def noun(self) -> str:
        """Its name without the images.

        >>> QUALITY_METRICS["error"].noun, QUALITY_METRICS["nll"].noun
        ('error', 'NLL')
        """
        return " ".join(self.template.format("").split())

    def measure_on(self, images: str) -> str:
        """Return its name with the images: `test` or `validation`.

        >>> QUALITY_METRICS["error"].measure_on("test")
        'test error'
        """
        return self.template.format(images)

    @property
    def is_error(self) -> bool:
        """Whether it is the error, which decides by default."""
        return self.name == "error"

    @property
    def by_name(self) -> str:
        """What a sentence adds that does not name the metric itself; empty for the error.

        >>> QUALITY_METRICS["error"].by_name, QUALITY_METRICS["nll"].by_name
        ('', ' by NLL')
        """
        return "" if self.is_error else f" by {self.noun}"

    @property
    def best_end(self) -> str:
        """Where its best value is: `lowest` or `highest`."""
        return "lowest" if self.lower_is_better else "highest"

    @property
    def better_way(self) -> str:
        """Where better values are: `lower` or `higher`."""
        return "lower" if self.lower_is_better else "higher"

    @property
    def worse_way(self) -> str:
        """Where worse values are: `higher` or `lower`."""
        return "higher" if self.lower_is_better else "lower"

    def loss_of(self, value: float) -> float:
        """Return the loss of a value: the value itself, or what it lacks to the largest one."""
        return value if self.lower_is_better else self.unit.largest - value

    def shown(self, loss: float) -> float:
        """Return the value of a loss, for people."""
        return self.loss_of(loss)  # it is its own inverse

    def shown_difference(self, difference: float) -> float:
        """Return the difference of two values from that of their losses."""
        return difference if self.lower_is_better else 0.0 - difference

    def shown_bounds(self, lower: float, upper: float) -> tuple[float, float]:
        """Return the bounds of a value, in ascending order, from those of its loss."""
        bounds = (self.shown(lower), self.shown(upper))
        return bounds if self.lower_is_better else bounds[::-1]

    def shown_difference_bounds(self, lower: float, upper: float) -> tuple[float, float]:
        """Return the bounds of a difference of values, ascending, from that of their losses."""
        bounds = (self.shown_difference(lower), self.shown_difference(upper))
        return bounds if self.lower_is_better else bounds[::-1]

    def write_number(self, loss: float) -> str:
        """Write the value of a loss without its unit.

        >>> QUALITY_METRICS["error"].write_number(2.731), QUALITY_METRICS["nll"].write_number(0.1)
        ('2.73', '0.1000')
        """
        return f"{self.shown(loss):.{self.unit.decimals}f}"

    def write(self, loss: float) -> str:
        """Write the value of a loss with its unit.

        >>> QUALITY_METRICS["nll"].write(0.0912)
        '0.0912 nats'
        """
        return f"{self.write_number(loss)} {self.unit.symbol}"

    def write_bounds(self, lower: float, upper: float) -> str:
        """Write the bounds of a value without their unit, from those of its loss.

        >>> QUALITY_METRICS["error"].write_bounds(2.219, 3.36)
        '2.22 to 3.36'
        """
        low, high = self.shown_bounds(lower, upper)
        return f"{low:.{self.unit.decimals}f} to {high:.{self.unit.decimals}f}"

    def write_margin(self, margin: float) -> str:
        """Write a margin with its unit, to two digits.

        >>> QUALITY_METRICS["error"].write_margin(1.0), QUALITY_METRICS["nll"].write_margin(0.0123)
        ('1 percentage point', '0.012 nats')
        """
        number, unit = digits(margin, 2), self.unit.of_difference
        return f"{number} {unit.removesuffix('s') if number == '1' else unit}"


def capitalised(name: str) -> str:
    """Write the first letter of a name as a capital, and keep the others: `Test NLL`.

    >>> capitalised("test NLL")
    'Test NLL'
    """
    return name[:1].upper() + name[1:]


# Functions of the module, as grids with their metric are sent to worker processes.
def _error_after(epoch: EpochRecord) -> float | None:
    return epoch.error_percent


def _nll_after(epoch: EpochRecord) -> float | None:
    return epoch.nll_nats


def _balanced_error_after(epoch: EpochRecord) -> float | None:
    return epoch.balanced_error_percent


def _balanced_error_of(quality: QualityRecord) -> float | None:
    return quality.balanced_error_percent


def _calibrated_nll_of(quality: QualityRecord) -> float | None:
    return quality.calibrated_nll_nats


def _coverage_of(quality: QualityRecord) -> float | None:
    return 100.0 * quality.coverage_at_5_percent_risk


QUALITY_METRICS: dict[MetricName, QualityMetric] = {
    metric.name: metric
    for metric in (
        QualityMetric(
            name="error",
            template="{} error",
            plural="errors",
            unit=PERCENT,
            column="error_percent",
            after_epoch=_error_after,
        ),
        QualityMetric(
            name="balanced_error",
            template="balanced {} error",
            plural="balanced errors",
            unit=PERCENT,
            column="balanced_error_percent",
            after_epoch=_balanced_error_after,
            at_end=_balanced_error_of,
        ),
        QualityMetric(
            name="nll",
            template="{} NLL",
            plural="NLLs",
            unit=NATS,
            column="nll_nats",
            after_epoch=_nll_after,
        ),
        QualityMetric(
            name="calibrated_nll",
            template="calibrated {} NLL",
            plural="calibrated NLLs",
            unit=NATS,
            column="calibrated_nll_nats",
            at_end=_calibrated_nll_of,
        ),
        QualityMetric(
            name="coverage_at_5_percent_risk",
            template="{} coverage at 5 % risk",
            plural="coverages at 5 % risk",
            unit=PERCENT,
            column="coverage_at_5_percent_risk_percent",
            lower_is_better=False,
            at_end=_coverage_of,
        ),
    )
}
"""The metrics by their names, in the order in which they are offered."""
ERROR_METRIC = QUALITY_METRICS["error"]
