"""How much the losses of single images vary, from predictions that were kept.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from ensemble_switchover.analysis.statistics import sample_mean
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.pools import read_predictions
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ensemble_switchover.analysis.advice.trained_designs import TrainedDesign
    from ensemble_switchover.analysis.collapse import RunKey
    from ensemble_switchover.results.predictions import Predictions


def spread_reader(folders: Mapping[RunKey, Path]) -> Callable[[TrainedDesign], float | None]:
    """Make a function that reads the spread of a design's losses, `read_loss_spread`.

    Args:
        folders: The folder of every run by its study and name.
    """
    return lambda design: read_loss_spread(design, folders)


def read_loss_spread(design: TrainedDesign, folders: Mapping[RunKey, Path]) -> float | None:
    """Return the standard deviation of the losses of images, as a share of their mean.

    It is of the ensembles' negative log-likelihood after the last epoch, the mean over the runs
    that kept predictions and did not collapse.

    Returns:
        The share; None where the design is compared in percent, of a cascade, whose losses are
        those of other means, where no run kept predictions, or where these are damaged or give no
        finite loss (half precision lost a probability).
    """
    if design.metric.unit == PERCENT or design.cascade is not None:
        return None
    collapsed = {(record.study, record.name) for record in design.collapsed}
    found = []
    for record in design.records:
        key, last = (record.study, record.name), record.epochs[-1].epoch
        folder = folders.get(key)
        if key in collapsed or folder is None or not (folder / predictions_file(last)).exists():
            continue
        try:
            members = read_predictions(folder, last)
        except RecordError:
            continue
        spread = None if members is None else spread_of_losses(members)
        if spread is not None:
            found.append(spread)
    return sample_mean(found) if found else None


def spread_of_losses(members: Predictions) -> float | None:
    """Return the sample standard deviation of an ensemble's losses of images over their mean.

    Args:
        members: Of one ensemble, `(k, N, C)`.

    Returns:
        The share; None where it is not finite.
    """
    num_members, num_images, _ = members.log_probabilities.shape
    right = members.log_probabilities[:, np.arange(num_images), members.labels].astype(np.float64)
    losses = math.log(num_members) - logsumexp(right, axis=0)
    if num_images < 2:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        share = float(losses.std(ddof=1) / losses.mean())
    return share if math.isfinite(share) and share > 0.0 else None
