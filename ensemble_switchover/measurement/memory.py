"""Peak memory of training, under the name of what the device can tell.

On a CUDA device: bytes that the allocator handed out and reserved. Elsewhere only the resident
memory of the whole process is known, which includes the interpreter and its libraries.
"""

from __future__ import annotations

import resource
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytorch_lightning as lightning
import torch

from ensemble_switchover.training.epoch_part import PeakMemory, most

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ensemble_switchover.data.batches import GroupEpoch

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"
_OUT_OF_MEMORY = (
    "can't allocate memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
)
"""What torch and NVIDIA's libraries say in errors of no type of their own."""


def reset_peaks(device: torch.device) -> None:
    """Begin a new period; the process's peak can be reset on Linux only."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        _CLEAR_REFS.write_text(_RESET_PEAK)
    except OSError:
        return


def read_peaks(device: torch.device) -> PeakMemory:
    """Read the peaks since the last reset."""
    on_cuda = device.type == "cuda"
    return PeakMemory(
        device_bytes=torch.cuda.max_memory_allocated(device) if on_cuda else None,
        reserved_bytes=torch.cuda.max_memory_reserved(device) if on_cuda else None,
        rss_bytes=peak_rss_bytes(),
    )


def peak_rss_bytes() -> int:
    """Return the peak resident memory of this process in bytes, since the last reset on Linux."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error says that memory, the device's or the host's, did not suffice."""
    known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return known or any(text in str(error) for text in _OUT_OF_MEMORY)


class LeftOutIfTooLarge(AbstractContextManager[None]):
    """Leave out what the memory does not suffice for, and say so."""

    def __init__(self, what: str, warn: Callable[[str], None]) -> None:
        self.what = what
        self.warn = warn

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception) or not is_out_of_memory(error):
            return False
        self.warn(f"{self.what} does not fit into memory; left out")
        return True


class MemoryCallback(lightning.Callback):
    """Reads the peak of every group's training work, evaluation excluded."""

    def __init__(self, num_members: int) -> None:
        """Take the number of members."""
        self.num_members = num_members
        self._peaks: dict[tuple[int, ...], PeakMemory] = {}
        """Of the groups of the epoch."""

    @property
    def peak(self) -> PeakMemory:
        """The highest of the epoch."""
        peaks = list(self._peaks.values())
        return PeakMemory(
            device_bytes=most([peak.device_bytes for peak in peaks]),
            reserved_bytes=most([peak.reserved_bytes for peak in peaks]),
            rss_bytes=most([peak.rss_bytes for peak in peaks]),
        )

    @property
    def member_device_bytes(self) -> list[int]:
        """The peak of each member's own training; empty where a group is of several members."""
        alone = {group[0]: peak for group, peak in self._peaks.items() if len(group) == 1}
        own = [alone[member].device_bytes for member in sorted(alone)]
        known = [number for number in own if number is not None]
        return known if len(known) == self.num_members else []

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Begin the epoch."""
        self._peaks = {}

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: GroupEpoch,
        batch_idx: int,
    ) -> None:
        """Begin a group's share of it."""
        reset_peaks(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: GroupEpoch,
        batch_idx: int,
    ) -> None:
        """Read after the last step of a group."""
        self._peaks[batch.members] = read_peaks(pl_module.device)
