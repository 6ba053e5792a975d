"""A trained ensemble as one module, from images as they are decoded to probabilities.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args, overload

import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks.ensemble import ensemble_probabilities
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE, run_folder
from ensemble_switchover.results.store import read_record
from ensemble_switchover.serving.cascade_settings import (
    CASCADE,
    choose_settings,
    refuse_settings,
)
from ensemble_switchover.serving.predictors import SERVING_EXECUTIONS, predictor_of_normalised
from ensemble_switchover.serving.served_cascade import ServedCascade
from ensemble_switchover.serving.served_model import RangeCheck, ServedModel
from ensemble_switchover.serving.weights import read_run_weights, read_weights
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from torch import Tensor

    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.cascade_record import CascadeRecord
    from ensemble_switchover.serving.weights import TrainedEnsemble

ServingExecution: TypeAlias = Literal["sequential", "fused", "parallel"]
"""How all members predict; all of these give the same probabilities, up to rounding."""
DEVICES = ("cpu", "cuda", "mps", "auto")


class ServedEnsemble(ServedModel):
    """A trained ensemble that answers by the mean of all its members' probabilities."""

    def __init__(
        self, trained: TrainedEnsemble, execution: str, range_check: RangeCheck = "auto"
    ) -> None:
        """Serve an ensemble where it is; `load_ensemble` does so with that of a file.

        Args:
            trained: The ensemble, whose weights are shared.
            execution: `sequential`, `fused` or `parallel`.
            range_check: When the pixels of floating-point images are checked.

        Raises:
            NoFusedFormError: if `execution` is `fused` and a layer has no fused form.
        """
        super().__init__(trained, execution, range_check)
        self.predictor = predictor_of_normalised(trained.ensemble, execution)
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the ensemble's probabilities (B, classes).

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """
        return ensemble_probabilities(self.member_probabilities(images))

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to each member's probabilities (k, B, classes).

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """
        return self.predictor.member_probabilities(self._normalised(images))


@overload
def load_ensemble(
    path: Path | str,
    *,
    execution: ServingExecution = "sequential",
    device: str | torch.device = "cpu",
    range_check: RangeCheck = "auto",
) -> ServedEnsemble: ...


@overload
def load_ensemble(
    path: Path | str,
    *,
    execution: Literal["cascade"],
    threshold: float | None = None,
    rule: ExitRule | None = None,
    device: str | torch.device = "cpu",
    range_check: RangeCheck = "auto",
) -> ServedCascade: ...


def load_ensemble(
    path: Path | str,
    *,
    execution: ServingExecution | Literal["cascade"] = "sequential",
    threshold: float | None = None,
    rule: ExitRule | None = None,
    device: str | torch.device = "cpu",
    range_check: RangeCheck = "auto",
) -> ServedEnsemble | ServedCascade:
    """Load the trained ensemble of a finished run as a module that predicts.

    It maps images as they are decoded, `uint8` from 0 to 255 or floating point from 0 to 1, to
    probabilities. Those of each member are `ensemble.member_probabilities(images)`; how many
    members a cascade asked of each image is in `ensemble.answer(images)`.

    Args:
        path: The run's folder, its record, or a weights file. The weights are compared with the
            checksum in the record beside them; a file that lies elsewhere, by itself, has nothing
            to be compared with.
        execution: `sequential` runs the members one after another, `fused` all of them in one
            pass of grouped convolutions, `parallel` at the same time on several threads, or GPUs.
            `cascade` asks one member after another, each of the images that are not sure yet, and
            answers by the mean of those asked: what it answers is not what the others do.
        threshold: Of a cascade: the score from which on an image asks no further member. At 0 the
            first member answers alone, above 1 all do. By default that of the run's record.
        rule: Of a cascade: the score, `confidence` (the largest mean probability, the default) or
            `margin` (the largest less the second largest).
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the first there is. With several GPUs,
            `parallel` on `cuda` distributes the members over all of them.
        range_check: When the pixels of floating-point images are checked to lie between 0 and 1:
            `auto` (every batch on a CPU, elsewhere the first one only, since reading the outcome
            waits for the device), `always` or `never`.

    Returns:
        The ensemble in the dtype that it was trained in, with `task`, `class_names`, `family`,
        `depth`, `width` and `k`; a cascade also has `settings`.

    Raises:
        ConfigError: if an argument is none of these, this machine lacks the device, or the record
            has no cascade to take a threshold from.
        NoFusedFormError: if `execution` is `fused` and a layer has no fused form.
        RecordError: if the run is unfinished or kept no weights, or they are damaged or another's.
    """
    _require(execution, "execution", (*SERVING_EXECUTIONS, CASCADE))
    _require(range_check, "range_check", get_args(RangeCheck))
    refuse_settings(execution, threshold=threshold, rule=rule)
    chosen = _choose_device(device)
    trained = _read(Path(path))
    if execution == CASCADE:
        settings = choose_settings(
            len(trained.ensemble.members), _cascades(Path(path)), threshold=threshold, rule=rule
        )
        trained.ensemble.to(chosen)
        return ServedCascade(trained, settings, range_check)
    trained.ensemble.to(chosen)
    return ServedEnsemble(trained, execution, range_check)


def _read(path: Path) -> TrainedEnsemble:
    if path.name == WEIGHTS_FILE and not path.exists():
        path = path.parent  # whose record says why
    if _is_weights(path):
        return read_weights(path)
    folder = run_folder(path)
    return read_run_weights(folder, read_record_with_weights(folder))


def _is_weights(path: Path) -> bool:
    return path.suffix == ".safetensors" or (path.is_file() and path.name != RECORD_FILE)


def _cascades(path: Path) -> list[CascadeRecord]:
    """Return the cascades of the record that a path names, or that lies beside the weights."""
    beside = path.with_name(RECORD_FILE)
    if not _is_weights(path):
        return read_record_with_weights(run_folder(path)).cascades
    is_of_run = path.name == WEIGHTS_FILE and beside.exists()
    return read_record(beside).cascades if is_of_run else []


def _choose_device(asked: str | torch.device) -> torch.device:
    name, _, number = str(asked).partition(":")
    _require(name, "device", DEVICES)
    chosen = choose_device(name)
    if chosen.type != "cuda" or not number:
        return chosen
    if not number.isdecimal() or int(number) >= torch.cuda.device_count():
        raise ConfigError(f"device={asked}: this machine has {torch.cuda.device_count()} GPUs")
    return torch.device("cuda", int(number))


def _require(given: object, key: str, expected: tuple[str, ...]) -> None:
    if given not in expected:
        raise ConfigError(f"{key}={given}: expected one of {', '.join(expected)}")
