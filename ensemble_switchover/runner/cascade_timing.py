"""The latency of a run's cascade, on the images that it was evaluated on.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from ensemble_switchover.config.measured_share import cascade_batch_sizes
from ensemble_switchover.measurement.cascade_latency import (
    CascadeModels,
    measure_cascade_seconds,
)
from ensemble_switchover.measurement.memory import LeftOutIfTooLarge
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.runner.final_measurements import single_network
from ensemble_switchover.serving.cascade import Cascade
from ensemble_switchover.serving.cascade_settings import choose_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import Tensor

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data.normalisation import Normalisation
    from ensemble_switchover.networks import Ensemble
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.training.precision import Precision

_Answer = TypeVar("_Answer")


def measure_cascade(
    spec: RunSpec,
    ensemble: Ensemble,
    cascades: Sequence[CascadeRecord],
    images: Tensor,
    normalisation: Normalisation,
    precision: Precision,
    device: torch.device,
    num_sharing: int = 1,
    all_seconds: float | None = None,
) -> list[CascadeLatencyRecord]:
    """Time the cascade of a trained ensemble by `confidence`, at the threshold of its record.

    Args:
        spec: The run.
        ensemble: On the device.
        cascades: Those of the run's record; none are timed where there are none.
        images: The evaluated images (N, C, H, W), `uint8`.
        normalisation: That of the training images.
        precision: What the run computes in.
        device: What it computes on.
        num_sharing: Runs of the design that share the time.
        all_seconds: What it should take at most, if there is a bound.
    """
    begin = time.perf_counter()
    sizes = cascade_batch_sizes(spec)
    if not cascades or not sizes:
        return []
    settings = choose_settings(spec.design.k, cascades)
    cascade = Cascade(ensemble.eval(), settings)
    normalise = normalisation.on(device, precision.dtype)
    found = measure_cascade_seconds(
        CascadeModels(
            cascade=_computing(cascade.answer, precision, device),
            whole=_computing(ensemble, precision, device),
            single=_single(spec, precision, device),
        ),
        len(images),
        lambda rows: normalise(images[rows.to(images.device)].to(device)),
        sizes,
        max_seconds=spec.measurement.latency_seconds,
        seed=spec.seed,
        num_sharing=num_sharing,
        all_seconds=(
            None if all_seconds is None else max(0.0, all_seconds - (time.perf_counter() - begin))
        ),
        clock=synchronised_clock(device),
    )
    return [
        CascadeLatencyRecord(
            rule=settings.rule,
            threshold=settings.threshold,
            batch_size=one.batch_size,
            repeats=len(one.cascade),
            num_images=one.num_images,
            mean_members=one.mean_members,
            cascade=LatencyQuantiles.of_batches(one.cascade, one.batch_size),
            whole=LatencyQuantiles.of_batches(one.whole, one.batch_size),
            single=(
                LatencyQuantiles.of_batches(one.single, one.batch_size) if one.single else None
            ),
        )
        for one in found
    ]


def _single(
    spec: RunSpec, precision: Precision, device: torch.device
) -> Callable[[Tensor], Tensor] | None:
    with LeftOutIfTooLarge("inference of the budget's single network"):
        return _computing(single_network(spec, precision, device), precision, device)
    return None


def _computing(
    model: Callable[[Tensor], _Answer], precision: Precision, device: torch.device
) -> Callable[[Tensor], _Answer]:
    """Return a function that computes in the run's precision."""

    def predict(images: Tensor) -> _Answer:
        with precision.computing(device):
            return model(images)

    return predict
