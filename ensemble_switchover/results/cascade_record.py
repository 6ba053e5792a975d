"""What a run's ensemble does as a cascade: its members asked in turn, until they are sure.

After member m the mean of the first m members' probabilities is looked at. Its score by an exit
rule is compared with a threshold; the image is answered by the first mean whose score reaches it,
and by the whole ensemble at the latest (Wang et al., Wisdom of Committees, ICLR 2022, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# read by pydantic:
from ensemble_switchover.measurement.cascade.exit_rules import ExitRule  # noqa: TC001
from ensemble_switchover.results.stored_values import Amount, Count, Size  # noqa: TC001


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeCurveRecord:
    """A cascade at fixed thresholds, on all evaluated images: nothing in it was chosen."""

    thresholds: list[Amount]
    """From 0, the first member alone, to 2, the whole ensemble; rising."""
    error_percent: list[Amount]
    nll_nats: list[float]
    """Empty where it is not known: of predictions in half precision."""
    mean_members: list[Amount]
    """Number of members asked, mean over the images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeOrdersRecord:
    """What the order of the members changes: least and most over several orders.

    The threshold is chosen anew for each order, as for the cascade's own.
    """

    num_orders: Size
    """Orders that were tried, the cascade's own among them."""
    is_every_order: bool
    """Whether these are all orders of the members; else they are a seeded sample."""
    error_percent: tuple[Amount, Amount]
    mean_members: tuple[Amount, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeRecord:
    """The cheapest cascade within 0.1 points of the whole ensemble's error, by one exit rule.

    Its error, NLL and members asked are of images that its threshold was not chosen on.
    """

    rule: ExitRule
    """What of the mean probabilities is compared with the threshold: `confidence` or `margin`."""
    order: list[Count]
    """Members in the order in which they are asked, counted from 0."""
    ordered_by: Literal["validation error", "training"]
    """Why in this order: the lowest error on held-out images first, or as they were trained."""
    chosen_on: Literal["validation", "folds"]
    """Images that the threshold was chosen on: held-out `validation` images, or the evaluated
    images in `folds`, where each is read with a threshold chosen without it."""
    num_folds: Count = 0
    """Number of folds; 0 where there are none."""
    num_images: Size
    """Number of images that error, NLL and members asked are of."""
    threshold: Amount
    """The threshold to serve with. Where it was cross-fitted, it is chosen on all images, and those
    of the folds are in `fold_thresholds`."""
    fold_thresholds: list[Amount] = field(default_factory=list)
    """Threshold that each fold was read with; empty where there are no folds."""
    error_percent: Amount
    nll_nats: float | None
    """Absent where it is not known: of predictions in half precision."""
    mean_members: Amount
    """Number of members asked, mean over the images."""
    members_p50: Size
    """The number of members that suffices for half of the images."""
    members_p90: Size
    """The number of members that suffices for 90 % of the images."""
    members_p99: Size
    """The number of members that suffices for 99 % of the images."""
    whole_error_percent: Amount
    """Error of the whole ensemble on the same images."""
    whole_nll_nats: float | None
    curve: CascadeCurveRecord = field(repr=False)
    orders: CascadeOrdersRecord
    """What another order of the members would change."""

    @property
    def num_members(self) -> int:
        """Number of members of the ensemble."""
        return len(self.order)
