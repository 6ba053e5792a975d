"""How good a run's class probabilities are after its last epoch, beyond their error.

The docstring of a field is the meaning of its column in every table (`results.run_columns`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Count, Size  # noqa: TC001


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRecord:
    """Measured on the evaluated images, of the mean of the members' probabilities."""

    num_images: Size
    """Number of images."""
    from_half: bool = False
    """Whether the predictions were kept in half precision, which does not tell calibrated NLL and
    ECE, and of confidences above 0.9998 not which is greater."""
    balanced_error_percent: Amount
    """Balanced error: mean over the classes of the ensemble's error on their images."""
    class_error_percent: list[Amount | None] = field(repr=False)
    """Error on the images of each class; absent for a class without images."""
    class_images: list[Count] = field(repr=False)
    """Number of images of each class."""
    confusions: list[tuple[Count, Count, Count]] = field(repr=False)
    """`(class, class that was answered, images)` of the wrong answers, the most frequent pairs
    first."""
    num_confusions: Count
    """Number of such pairs; more than in `confusions` where there are too many to keep."""
    temperature: Amount | None
    """Temperature: at which the NLL of all images is lowest; above 1 where the ensemble is too
    sure."""
    calibrated_nll_nats: float | None
    """Calibrated NLL: negative log-likelihood with the temperature that is best for other images,
    by cross-validation in 2 folds, mean over 5 repeats."""
    calibrated_ece: Amount | None
    """Calibrated ECE: expected calibration error with these temperatures, 15 bins, mean over the
    repeats."""
    coverage_at_1_percent_risk: Amount
    """Coverage at 1 % risk: share of the images, the most confident first, that can be answered
    with at most 1 % of errors among them."""
    coverage_at_2_percent_risk: Amount
    """Coverage at 2 % risk: likewise, with at most 2 % of errors."""
    coverage_at_5_percent_risk: Amount
    """Coverage at 5 % risk: likewise, with at most 5 % of errors."""
    aurc: Amount
    """Area under the risk-coverage curve (AURC): mean share of errors among the images that are at
    least as confident as one of them."""
    vote_error_percent: Amount | None
    """Error of the members' majority vote; absent for a single network."""
    disagreement_error_ratio: Amount | None
    """Disagreement-error ratio (DER): disagreement of two different members, divided by the mean of
    the members' errors; absent for a single network, and where no member errs."""
    ensemble_improvement_rate: float | None
    """Ensemble improvement rate (EIR): by which share of the mean of the members' errors that of
    the ensemble is lower; absent for a single network, and where no member errs."""
    vote_improvement_lower: float | None
    """Least improvement rate of the majority vote, if the members are competent."""
    vote_improvement_upper: float | None
    """Greatest improvement rate of the majority vote."""
    is_competent: bool | None
    """Whether the members are competent on these images (Theisen et al. 2023); absent for a single
    network."""
