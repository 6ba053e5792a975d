"""A run's epochs in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from ensemble_switchover.machine.units import most_known

# read by pydantic:
from ensemble_switchover.results.epoch_metrics import (
    QUALITY,
    EceBins,
)
from ensemble_switchover.results.stored_values import Amount, Count, Factor  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.epoch_metrics import EpochRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What was measured after the last epoch, and the seconds and bytes of all epochs."""

    num_epochs: Factor
    """Number of epochs that were trained."""
    quality: dict[str, float]
    """The measures of the ensemble after the last epoch (`QUALITY`), without absent ones."""
    ece_bins: EceBins = "apart"
    """Bins of the calibration error: `closed` on the right, so that a confidence of exactly 1 is in
    the last; in older records `apart`: those of exactly 1 were in a bin of their own; `half`:
    closed, computed again of predictions in half precision."""
    mean_member_error_percent: float
    """Mean of the members' errors after the last epoch."""
    training_seconds: Amount
    """Training of all epochs and members."""
    epoch_seconds: Amount | None
    """Training of the median epoch; warm-up epochs are left out, and absent where all are."""
    peak_device_bytes: Count | None
    """Peak memory that the device's allocator handed out in any epoch; absent on a CPU."""
    peak_reserved_bytes: Count | None
    """Peak memory that the device's allocator reserved in any epoch; absent on a CPU."""
    peak_rss_bytes: Count | None
    """Peak resident memory of the whole process in any epoch."""

    @property
    def error_percent(self) -> float:
        """Error of the ensemble after the last epoch."""
        return self.quality["error_percent"]


def summarise_epochs(epochs: Sequence[EpochRecord]) -> RunSummary:
    """Summarise the epochs of a run.

    Raises:
        ValueError: if there is none, or the last was not evaluated.
    """
    if not epochs:
        raise ValueError("a record without epochs; expected one or more")
    last = epochs[-1]
    if last.error_percent is None:
        raise ValueError(f"epoch {last.epoch}, the last, has no error; expected an evaluated one")
    seconds = [epoch.training_seconds for epoch in epochs if not epoch.warm_up]
    quality = {name: getattr(last, name) for name in QUALITY}
    return RunSummary(
        num_epochs=len(epochs),
        quality={name: value for name, value in quality.items() if value is not None},
        ece_bins=last.ece_bins,
        mean_member_error_percent=fmean(last.member_error_percent),
        training_seconds=sum(epoch.training_seconds for epoch in epochs),
        epoch_seconds=median(seconds) if seconds else None,
        peak_device_bytes=most_known([epoch.peak_device_bytes for epoch in epochs]),
        peak_reserved_bytes=most_known([epoch.peak_reserved_bytes for epoch in epochs]),
        peak_rss_bytes=most_known([epoch.peak_rss_bytes for epoch in epochs]),
    )
