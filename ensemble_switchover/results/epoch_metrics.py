"""What is stored of every epoch, with the metrics: one field each, measured by its annotation.

The docstring of a field is the meaning of its column in every table (`results.run_columns`), and
the end of its name is the unit. A field that is added needs a default, with which older records
are read. After an epoch that was not evaluated (`evaluate_every=`) nothing was measured: every
measure of the ensemble is absent, and the lists of the members' are empty. The last epoch of a run
is always evaluated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_type_hints

from ensemble_switchover.measurement import classification
from ensemble_switchover.measurement.classification import of_each_member, of_ensemble
from ensemble_switchover.results.stored_values import Amount, Count, Factor  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Iterable

EceBins: TypeAlias = Literal["closed", "apart", "half"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One epoch of all members. Seconds are wall-clock seconds on the run's device."""

    epoch: Factor
    """Number of epochs trained so far."""
    learning_rate: Amount
    """Learning rate of the epoch."""
    train_loss_nats: float
    """Training loss: mean cross-entropy over the epoch's training images and members."""
    training_seconds: Amount
    """Training of all members, waiting for data included; evaluation and compiling are not."""
    member_training_seconds: list[Amount]
    """Training of each member."""
    warm_up: bool
    """True for the first epoch of a process, which summaries of time leave out."""
    evaluation_seconds: Amount
    """Evaluation after the epoch; 0 where there was none."""
    error_percent: Annotated[float | None, of_ensemble(classification.error_percent)]
    """Error: images that the ensemble (the mean of the members' softmax) classifies wrongly."""
    member_error_percent: Annotated[list[float], of_each_member(classification.error_percent)]
    """Error of each member."""
    nll_nats: Annotated[float | None, of_ensemble(classification.nll_nats)]
    """Negative log-likelihood: mean over the images, of the ensemble's probabilities."""
    brier: Annotated[float | None, of_ensemble(classification.brier)]
    """Squared distance to the label (Brier score): mean over the images, of the ensemble's
    probabilities to the one-hot label."""
    ece: Annotated[float | None, of_ensemble(classification.ece)]
    """Calibration error (ECE): expected calibration error of the ensemble, 15 bins, between 0 and
    1."""
    disagreement: Annotated[float | None, classification.disagreement]
    """Disagreement: share of images that two members classify differently, mean over the pairs;
    absent for a single network."""
    peak_device_bytes: Count | None
    """Peak memory that the device's allocator handed out; absent on a CPU."""
    peak_reserved_bytes: Count | None
    """Peak memory that the device's allocator reserved; absent on a CPU."""
    peak_rss_bytes: Count | None
    """Peak resident memory of the whole process."""
    compile_seconds: Amount = 0.0
    """Compiling before the training of the epoch."""
    waiting_share: Amount = 0.0
    """Time that threads of the run waited for a processor in training, as a share of the time that
    they worked; 0 where the system does not report it."""
    member_nll_nats: Annotated[list[float], of_each_member(classification.nll_nats)] = field(
        default_factory=list
    )
    """Negative log-likelihood of each member; empty in the oldest records."""
    member_brier: Annotated[list[float], of_each_member(classification.brier)] = field(
        default_factory=list
    )
    """Brier score of each member; empty in the oldest records."""
    member_ece: Annotated[list[float], of_each_member(classification.ece)] = field(
        default_factory=list
    )
    """Expected calibration error of each member; empty in the oldest records."""
    error_correlation: Annotated[float | None, classification.error_correlation] = None
    """Error correlation: of two members' errors over the images, mean over the pairs, between -1
    and 1; absent for a single network, and where no two members err on some images only."""
    adaptive_ece: Annotated[float | None, of_ensemble(classification.adaptive_ece)] = None
    """Adaptive calibration error: of the ensemble, over 15 bins of equally many images, between 0
    and 1; absent in older records."""
    balanced_error_percent: Annotated[
        float | None, of_ensemble(classification.balanced_error_percent)
    ] = None
    """Balanced error: mean over the classes of the ensemble's error on their images; absent in
    older records."""
    ece_bins: EceBins = "apart"
    """Bins of the calibration errors of ensemble and members: `closed` on the right, so that a
    confidence of exactly 1 is in the last; in older records `apart`: those of exactly 1 were in a
    bin of their own; `half`: closed, computed again of predictions in half precision."""
    together: bool = False
    """True where other seeds were trained in the same steps: what the seconds and the memory of the
    epoch are of, the record's `times_of` says."""
    member_peak_device_bytes: list[Count] = field(default_factory=list)
    """Peak memory that the device's allocator handed out in each member's own training; empty where
    members train at once, and on a CPU."""
    metrics: dict[str, float | None] = field(default_factory=dict)
    """The user's own metrics of the ensemble (`metrics=`) by their names; absent where one is not
    finite."""


MEASURES = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(EpochRecord, include_extras=True).items()
    if callable(getattr(hint, "__metadata__", (None,))[0])
}
"""Field of an epoch -> the function that measures it, from the probabilities of all members
(k, N, C) and the labels (N,)."""
QUALITY = tuple(name for name in MEASURES if not name.startswith("member_"))
"""The measures that are of the ensemble."""
ALWAYS_MEASURED = ("error_percent", "nll_nats", "brier", "ece")
"""Those of `QUALITY` that every evaluated epoch of every record has."""


def not_evaluated() -> dict[str, list[float] | None]:
    """Return the fields of `MEASURES` of an epoch after which nothing was measured."""
    return {name: None if name in QUALITY else [] for name in MEASURES}


def errors_by_epoch(epochs: Iterable[EpochRecord]) -> dict[int, float]:
    """Return the error of the ensemble after every evaluated epoch: epoch -> percent."""
    return {e.epoch: e.error_percent for e in epochs if e.error_percent is not None}
