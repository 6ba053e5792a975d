"""What a cascade does at given thresholds: error, NLL, and the members asked.

Dimensions: k members, N images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ensemble_switchover.measurement.cascade.exit_rules import members_asked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ensemble_switchover.measurement.cascade.answers import CascadeAnswers
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule


@dataclass(frozen=True, slots=True)
class CascadeReading:
    """What a cascade did on some images."""

    error_percent: float
    nll_nats: float
    members: NDArray[np.intp]
    """(N,) number of members asked, from 1 to k."""

    @property
    def mean_members(self) -> float:
        """Number of members asked, mean over the images."""
        return float(self.members.mean())

    def members_sufficing(self, share: float) -> int:
        """Return the number of members that suffices for a share of the images.

        >>> CascadeReading(0.0, 0.0, np.array([1, 1, 1, 4])).members_sufficing(0.75)
        1
        """
        rank = max(1, int(np.ceil(share * len(self.members) - 1e-9)))
        return int(np.sort(self.members)[rank - 1])


def read_cascade(
    answers: CascadeAnswers, rule: ExitRule, threshold: float | NDArray[np.float64]
) -> CascadeReading:
    """Read what a cascade does at a threshold.

    Args:
        answers: After each member, in the order in which they are asked; at least one image.
        rule: The exit rule.
        threshold: Of all images, or of each, `(N,)`.
    """
    members = members_asked(answers.scores[rule], threshold)
    errors, nll = (
        np.take_along_axis(values, members[None] - 1, axis=0)[0]
        for values in (answers.errors, answers.nll_nats)
    )
    return CascadeReading(
        error_percent=100.0 * float(errors.mean()),
        nll_nats=float(nll.mean(dtype=np.float64)),
        members=members,
    )
