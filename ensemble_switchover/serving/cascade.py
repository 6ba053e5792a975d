"""A cascade: the members of an ensemble asked in turn, each of the images that are not sure yet.

After member m an image's answer is the mean of the first m members' probabilities, their running
sum in float32 (float64 where the members compute in that) divided by m. It stops once the score of
that mean reaches the threshold, and at the last member (Wang et al., Wisdom of Committees, ICLR
2022, section 4). The batch shrinks to the images that go on.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ensemble_switchover.networks.ensemble import class_probabilities

if TYPE_CHECKING:
    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.networks.ensemble import Ensemble
    from ensemble_switchover.serving.cascade_settings import CascadeSettings


class EarlyAnswers(NamedTuple):
    """What a cascade answers, and after how many members."""

    probabilities: Tensor
    """(B, classes) mean probabilities of the members that each image asked."""
    members_asked: Tensor
    """(B,) `int64` from 1 to k."""


class Cascade(nn.Module):
    """The members of an ensemble, asked in turn of the normalised images that are not sure yet."""

    def __init__(self, ensemble: Ensemble, settings: CascadeSettings) -> None:
        """Share an ensemble's members.

        Args:
            ensemble: In evaluation mode.
            settings: The order of all members, and when an image stops.
        """
        super().__init__()
        self.ensemble = ensemble
        self.rule, self.order = settings.rule, settings.order
        self.threshold = settings.threshold
        self._least = least_float32(settings.threshold)

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised images (B, C, H, W) to probabilities (B, classes)."""
        return self.answer(images).probabilities

    def answer(self, images: Tensor) -> EarlyAnswers:
        """Map normalised images (B, C, H, W) to probabilities, and the members that were asked."""
        first, *others = (self.ensemble.members[number] for number in self.order)
        total = mean = probabilities = class_probabilities(first(images))
        rows: Tensor | None = None  # of the images that are not sure yet; None: all
        shrunk: Tensor | None = None  # members asked, once images differ in it
        last = 1
        for position, member in enumerate(others, start=2):
            unsure = self._unsure(mean)
            if unsure is not None:
                if len(unsure) == 0:
                    break
                images, total = images.index_select(0, unsure), total.index_select(0, unsure)
                if rows is None:
                    shrunk = _filled(probabilities, last)
                rows = unsure if rows is None else rows.index_select(0, unsure)
            total = total + class_probabilities(member(images))
            mean, last = total / position, position
            if rows is None or shrunk is None:
                probabilities = mean
            else:
                probabilities = probabilities.index_copy(0, rows, mean)
                shrunk = shrunk.index_fill(0, rows, position)
        asked = _filled(probabilities, last) if shrunk is None else shrunk
        return EarlyAnswers(probabilities, asked)

    def _unsure(self, mean: Tensor) -> Tensor | None:
        """Return the rows of mean probabilities (B, classes) that go on, NaN among them.

        None: all of them. Of a single image, few operations decide, since each takes its time.
        """
        limit = self._least if mean.dtype == torch.float32 else self.threshold
        sure = score_of(mean, self.rule) >= limit
        num_sure = int(sure.sum()) if len(sure) != 1 else int(sure)
        if num_sure == 0 and len(sure) > 0:
            return None
        return sure.logical_not().nonzero()[:, 0]


def _filled(probabilities: Tensor, number: int) -> Tensor:
    """Return a number for each row of probabilities, on their device."""
    return probabilities.new_full((len(probabilities),), number, dtype=torch.int64)


def score_of(mean: Tensor, rule: ExitRule) -> Tensor:
    """Return the score (B,) of mean probabilities (B, classes) by an exit rule.

    Args:
        mean: The probabilities.
        rule: `confidence`, the largest, or `margin`, the largest less the second largest; of a
            single class the second is 0.

    >>> score_of(torch.tensor([[0.25, 0.5, 0.25]]), "margin").item()
    0.25
    """
    if rule == "confidence" or mean.shape[1] == 1:
        return mean.amax(dim=1)  # NaN where one is
    largest, second = mean.topk(2, dim=1).values.unbind(dim=1)
    return largest - second


def least_float32(threshold: float) -> float:
    """Return the least float32 number that is not below a threshold.

    A float32 score reaches the one exactly where it reaches the other, so a comparison in float32,
    which is all that some devices have, decides as one in float64 does.

    >>> least_float32(0.5), 1.0 < least_float32(1.0 + 1e-12) < 1.0000002
    (0.5, True)
    """
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    if float(nearest) < threshold:
        nearest = np.nextafter(nearest, np.float32(np.inf))
    return float(nearest)
