"""A trained ensemble as one module, from images as they are decoded to probabilities.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks.ensemble import ensemble_probabilities
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE, run_folder
from ensemble_switchover.serving.image_check import check_images, check_pixel_range
from ensemble_switchover.serving.predictors import SERVING_EXECUTIONS, predictor_of_normalised
from ensemble_switchover.serving.weights import read_run_weights, read_weights
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from typing import Self

    from ensemble_switchover.serving.weights import TrainedEnsemble

ServingExecution: TypeAlias = Literal["sequential", "fused", "parallel"]
"""How the members predict; all give the same probabilities, up to rounding."""
RangeCheck: TypeAlias = Literal["auto", "always", "never"]
"""When the pixels of floating-point images are checked to lie between 0 and 1.

`auto` checks every batch on a CPU. Elsewhere it checks the first one only: to read the outcome, the
program has to wait for the device. `uint8` images need no such check.
"""
DEVICES = ("cpu", "cuda", "mps", "auto")


class ServedEnsemble(nn.Module):
    """A trained ensemble that takes images as they are decoded, and normalises them itself.

    Images are a batch (B, C, H, W) on the ensemble's device, `uint8` from 0 to 255 or floating
    point from 0 to 1. Any others are refused in one sentence. The module stays in evaluation mode,
    also as part of one that is trained, and its weights take no gradients. `.to()`, `.half()`,
    `.bfloat16()`, `.float()` and `.double()` work as with any module; probabilities are in float32
    at least.
    """

    scale: Tensor
    shift: Tensor

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
        super().__init__()
        self.family, self.depth, self.width = trained.family, trained.depth, trained.width
        self.k = len(trained.ensemble.members)
        self.task, self.class_names = trained.task, trained.class_names
        self.execution, self.range_check = execution, range_check
        self._is_first = True
        weight = next(trained.ensemble.parameters())
        scale, shift = trained.normalisation.factors(weight.dtype)
        self.register_buffer("scale", scale.to(weight.device))
        self.register_buffer("shift", shift.to(weight.device))
        self.predictor = predictor_of_normalised(trained.ensemble, execution)
        self.requires_grad_(requires_grad=False).eval()

    @property
    def device(self) -> torch.device:
        """Where images are expected."""
        return self.scale.device

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

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002
        """Stay in evaluation mode, in which the statistics of batch norms are those learned."""
        return super().train(mode=False)

    def extra_repr(self) -> str:
        """Say which networks these are, in one line."""
        task = self.task
        return (
            f"{self.k} x {self.family.name} {self.depth}x{self.width}, {self.execution}: "
            f"(B, {task.channels}, {task.size}, {task.size}) -> (B, {task.num_classes})"
        )

    def _normalised(self, images: Tensor) -> Tensor:
        images = check_images(images, self.task, self.device)
        dtype = self.scale.dtype
        if images.dtype == torch.uint8:
            return images.to(dtype) * self.scale - self.shift
        if self._checks_range():
            check_pixel_range(images)
            self._is_first = False
        return images.to(dtype) * (255 * self.scale) - self.shift

    def _checks_range(self) -> bool:
        if self.range_check == "auto":
            return self._is_first or self.device.type == "cpu"
        return self.range_check == "always"


def load_ensemble(
    path: Path | str,
    *,
    execution: ServingExecution = "sequential",
    device: str | torch.device = "cpu",
    range_check: RangeCheck = "auto",
) -> ServedEnsemble:
    """Load the trained ensemble of a finished run as a module that predicts.

    It maps images as they are decoded, `uint8` from 0 to 255 or floating point from 0 to 1, to
    probabilities. Those of each member are `ensemble.member_probabilities(images)`.

    Args:
        path: The run's folder, its record, or a weights file. The weights are compared with the
            checksum in the record beside them; a file that lies elsewhere, by itself, has nothing
            to be compared with.
        execution: `sequential` runs the members one after another, `fused` all of them in one
            pass of grouped convolutions, `parallel` at the same time on several threads, or GPUs.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or `auto` for the first there is. With several GPUs,
            `parallel` on `cuda` distributes the members over all of them.
        range_check: When the pixels of floating-point images are checked to lie between 0 and 1:
            `auto` (every batch on a CPU, elsewhere the first one only, since reading the outcome
            waits for the device), `always` or `never`.

    Returns:
        The ensemble in the dtype that it was trained in, with `task`, `class_names`, `family`,
        `depth`, `width` and `k`.

    Raises:
        ConfigError: if an argument is none of these, or this machine lacks the device.
        NoFusedFormError: if `execution` is `fused` and a layer has no fused form.
        RecordError: if the run is unfinished or kept no weights, or they are damaged or another's.
    """
    _require(execution, "execution", tuple(SERVING_EXECUTIONS))
    _require(range_check, "range_check", get_args(RangeCheck))
    chosen = _choose_device(device)
    trained = _read(Path(path))
    trained.ensemble.to(chosen)
    return ServedEnsemble(trained, execution, range_check)


def _read(path: Path) -> TrainedEnsemble:
    if path.name == WEIGHTS_FILE and not path.exists():
        path = path.parent  # whose record says why
    if path.suffix == ".safetensors" or (path.is_file() and path.name != RECORD_FILE):
        return read_weights(path)
    folder = run_folder(path)
    return read_run_weights(folder, read_record_with_weights(folder))


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
