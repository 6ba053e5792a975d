"""The number formats that a run computes with."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from ensemble_switchover.errors import ConfigError

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
        ConfigError: if the device does not support that precision.
    """
    if name == "tf32" and device.type != "cuda":
        raise ConfigError(f"precision=tf32: needs a CUDA device, this run is on {device.type}")
    if name == "64" and device.type == "mps":
        raise ConfigError("precision=64: an MPS device has no float64")
    torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
    torch.backends.cudnn.allow_tf32 = name == "tf32"
    dtype = torch.float64 if name == "64" else torch.float32
    return Precision(name, dtype, _AUTOCAST.get(name))


FLOAT32 = Precision("32")
