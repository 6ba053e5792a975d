"""The rule that decides which of two designs has the lower error, or is better by another metric.

Errors of two designs are two independent samples, one value per seed. They are not paired: a single
network and an ensemble of one seed share nothing that moves their errors together (in the study of
the digits they correlate by -0.05). By default Welch's interval of the difference decides (Welch
1947, The generalization of Student's problem), at 90 %: one-sided 5 % for either direction. Since a
budget is beyond the switchover only if every cell beyond it is decided, each at one-sided 5 %, the
whole is found falsely in at most 5 % of studies (an intersection-union test, Berger 1982), however
many cells there are. docs/statistics.md explains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ensemble_switchover.analysis.statistics import CONFIDENCE
from ensemble_switchover.results.quality_metrics import QUALITY_METRICS

if TYPE_CHECKING:
    from collections.abc import Collection

    from ensemble_switchover.results.quality_metrics import MetricName, QualityMetric

Method: TypeAlias = Literal["welch", "paired_t", "mann_whitney"]
METHODS: tuple[Method, ...] = get_args(Method)

MIN_SEEDS = 3
"""Fewest seeds of either design that decide anything."""

INTERVAL_NAMES: dict[Method, str] = {
    "welch": "Welch interval",
    "paired_t": "paired t interval",
    "mann_whitney": "Hodges-Lehmann interval",
}
"""What the interval of each method is called."""

METHOD_NAMES: dict[Method, str] = {
    "welch": "Welch",
    "paired_t": "paired t",
    "mann_whitney": "Mann-Whitney",
}


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How two designs are compared."""

    method: Method = "welch"
    confidence: float = CONFIDENCE
    """Confidence of each interval, two-sided, between 0 and 1."""
    margin: float = 0.0
    """By how much an ensemble must be better, in the unit of the metric."""
    keep_collapsed: bool = False
    """Whether collapsed runs (`analysis.collapse`) stay in every mean."""
    metric: MetricName = "error"
    """What is compared; collapsed runs are found by their errors whatever it is."""

    @property
    def quality(self) -> QualityMetric:
        """The metric with its unit and its names."""
        return QUALITY_METRICS[self.metric]

    @property
    def interval_name(self) -> str:
        """What the interval is, with its confidence.

        >>> DecisionRule().interval_name
        '90 % Welch interval'
        """
        return f"{100.0 * self.confidence:g} % {INTERVAL_NAMES[self.method]}"

    @property
    def label(self) -> str:
        """The method and the confidence in a few words, without the margin.

        >>> DecisionRule("paired_t", 0.95, keep_collapsed=True).label
        'paired t, 95 %, with collapsed runs'
        """
        kept = ", with collapsed runs" if self.keep_collapsed else ""
        return f"{METHOD_NAMES[self.method]}, {100.0 * self.confidence:g} %{kept}"

    @property
    def why_no_interval(self) -> str:
        """Why enough seeds can give no interval."""
        if self.method == "mann_whitney":
            return f"the {self.quality.plural} are equal or the seeds too few for this confidence"
        return f"the {self.quality.plural} do not vary over the seeds"


DEFAULT_RULE = DecisionRule()


def describe_interval_scope(kinds: Collection[str]) -> str:
    """Say what an interval over seeds covers; it stands where intervals are shown.

    Args:
        kinds: The images that errors were measured on, `test` or `validation`; both if some were
            measured on the one and some on the other.

    >>> describe_interval_scope({"test"})
    'Intervals cover the randomness of training, given these test images and this split.'
    """
    images = " or ".join(sorted(kinds))
    return (
        f"Intervals cover the randomness of training, given these {images} images and this split."
    )
