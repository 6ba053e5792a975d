"""The number formats that a run computes with."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.inherited_variables import TORCH_TF32_VARIABLE

NVIDIA_OVERRIDE = "NVIDIA_TF32_OVERRIDE"
"""The variable of NVIDIA's libraries: 0 forbids TF32, 1 computes float32 by it."""

_AUTOCAST = {"bf16": torch.bfloat16, "16": torch.float16}


@dataclass(frozen=True, slots=True)
class Precision:
    """A precision: the type of weights, images and updates, and that of mixed computation."""

    name: str
    """The value of `precision=`."""
    dtype: torch.dtype = torch.float32
    mixed: torch.dtype | None = None

    @property
    def scales_loss(self) -> bool:
        """Whether the loss has to be scaled up, because gradients may underflow."""
        return self.mixed is torch.float16

    def computing(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context in which a forward pass is computed."""
        if self.mixed is None:
            return nullcontext()
        return torch.autocast(device.type, self.mixed)


def use_precision(name: str, device: torch.device) -> Precision:
    """Set torch's switches for a value of `precision=`, and return the precision.

    Raises:
        ConfigError: if the device does not support that precision, or the environment replaces it.
    """
    if name == "tf32" and device.type != "cuda":
        raise ConfigError(f"precision=tf32: needs a CUDA device, this run is on {device.type}")
    if name == "64" and device.type == "mps":
        raise ConfigError("precision=64: an MPS device has no float64")
    if device.type == "cuda":
        refuse_override(name)
    torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    dtype = torch.float64 if name == "64" else torch.float32
    return Precision(name, dtype, _AUTOCAST.get(name))


def refuse_override(name: str) -> None:
    """Refuse a precision that a variable of the environment would replace without a word.

    Raises:
        ConfigError: naming the variable, what it does, and what to do.
    """
    torchs = os.environ.get(TORCH_TF32_VARIABLE, "")
    nvidias = os.environ.get(NVIDIA_OVERRIDE, "")
    forcing = [f"{TORCH_TF32_VARIABLE}={torchs}"] if torchs == "1" else []
    if nvidias not in ("", "0"):
        forcing.append(f"{NVIDIA_OVERRIDE}={nvidias}")
    if forcing and name not in ("tf32", "64"):
        raise ConfigError(
            f"precision={name}: {' and '.join(forcing)} in the environment has CUDA "
            f"compute float32 as TF32 all the same; unset it, or choose precision=tf32"
        )
    if name == "tf32" and nvidias == "0":
        raise ConfigError(
            f"precision=tf32: {NVIDIA_OVERRIDE}=0 in the environment forbids TF32; unset it, or "
            f"choose precision=32"
        )


FLOAT32 = Precision("32")
