"""Peak memory of training, by what the device reports.

On a CUDA device, the bytes that the allocator handed out and reserved. Elsewhere, only the resident
memory of the whole process is known, which includes the interpreter and its libraries.
"""

from __future__ import annotations

import logging
import resource
import sys
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

_logger = logging.getLogger(__name__)

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
"""Texts of errors of torch and NVIDIA's libraries that have no type of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory:
    """Peak memory of training in bytes; None where the device does not report it."""

    device_bytes: int | None
    """Handed out by the allocator on the accelerator."""
    reserved_bytes: int | None
    """Reserved by the allocator on the accelerator."""
    rss_bytes: int | None
    """Resident memory of the whole process, or of all processes of the run."""


def reset_peaks(device: torch.device) -> None:
    """Start a new period for the peaks; that of the process can be reset on Linux only."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK)


def read_peaks(device: torch.device) -> PeakMemory:
    """Read the peaks since the last reset."""
    on_cuda = device.type == "cuda"
    return PeakMemory(
        device_bytes=torch.cuda.max_memory_allocated(device) if on_cuda else None,
        reserved_bytes=torch.cuda.max_memory_reserved(device) if on_cuda else None,
        rss_bytes=peak_rss_bytes(),
    )


def peak_rss_bytes() -> int:
    """Return the peak resident memory of this process in bytes; on Linux, since the last reset."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that the device or the host ran out of memory."""
    known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return known or any(text in str(error) for text in _OUT_OF_MEMORY)


class LeftOutIfTooLarge(AbstractContextManager[None]):
    """Ends its block with a warning, and no error, if the memory does not suffice."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception) or not is_out_of_memory(error):
            return False
        _logger.warning(f"{self.what} does not fit into memory; left out")
        return True
