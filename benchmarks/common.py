"""Parts that the benchmarks share: runs from overrides, their batches, ratios and conditions."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import quantiles
from time import monotonic
from typing import TYPE_CHECKING

from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.data.batches import TrainingBatches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import torch

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.data import ImageDataModule
    from ensemble_switchover.measurement.environment import Environment


def resolve_overrides(overrides: Iterable[str]) -> RunSpec:
    """Resolve the run that Hydra overrides describe."""
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return resolve(typed(compose("config", overrides=list(overrides))))


def batches_on(
    device: torch.device, data: ImageDataModule, epoch: Callable[[], int]
) -> TrainingBatches:
    """Return the training batches of a data module, made on a device without a trainer."""
    return TrainingBatches(
        data.split.train.to(device),
        groups=data.groups,
        member_seeds=data.member_seeds,
        batch_size=data.batch_size,
        augmentation=data.augmentation,
        normalisation=data.normalisation,
        dtype=data.dtype,
        epoch=epoch,
    )


def alternate(
    bodies: Mapping[str, Callable[[], object]],
    clock: Callable[[], float],
    *,
    rounds: int,
    warm_up_rounds: int,
    until: float | None = None,
) -> dict[str, list[float]]:
    """Return the seconds of every body in every round, timed alternately after the warm-up.

    Args:
        bodies: What is timed, by its name.
        clock: Returns seconds.
        rounds: The most rounds.
        warm_up_rounds: Rounds before them that are not counted.
        until: A reading of `time.monotonic` after which no round begins, once three are timed.
    """
    seconds: dict[str, list[float]] = {name: [] for name in bodies}
    for number in range(warm_up_rounds + rounds):
        if until is not None and number >= warm_up_rounds + 3 and monotonic() > until:
            break
        for name, body in bodies.items():
            start = clock()
            body()
            elapsed = clock() - start
            if number >= warm_up_rounds:
                seconds[name].append(elapsed)
    return seconds


def ratio_text(reference: Sequence[float], other: Sequence[float]) -> str:
    """Write how many times as fast `other` is: median and quartiles of the rounds' ratios."""
    ratios = [one / two for one, two in zip(reference, other, strict=True)]
    lower, middle, upper = quantiles(ratios, method="inclusive")
    return f"{middle:.2f} ({lower:.2f}-{upper:.2f})"


def conditions_text(environment: Environment, *details: str) -> str:
    """Write the device, the details of the measurement, the versions, the date and the load."""
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    measured = ", ".join([environment.device_name, f"{environment.num_threads} threads", *details])
    return f"{measured}\n{versions}\n{datetime.now(UTC):%Y-%m-%d}, load {environment.host_load}"
