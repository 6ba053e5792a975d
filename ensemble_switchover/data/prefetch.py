"""Gather batches of images, and copy them to the device ahead of their use.

Dimensions: N images, B images of a batch, C channels, H and W pixels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from torch import Tensor

    from ensemble_switchover.data.images import ImageSet

PREFETCHED_BATCHES = 4
"""The number of batches that are copied ahead of their use."""


def free_device_bytes(device: torch.device) -> int | None:
    """Return the free memory of an accelerator in bytes, or None if it is unknown."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return None


def gather(
    data: ImageSet, indices: Iterable[Tensor | slice], prefetch_to: torch.device | None
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Yield the images (B, C, H, W) and labels (B,) of one batch after another.

    Args:
        data: The images, on any device.
        indices: The indices of every batch, on the device of the images.
        prefetch_to: A device to copy the batches to ahead of their use; None leaves them on the
            device of the images.
    """
    if prefetch_to is None:
        for index in indices:
            yield data.images[index], data.labels[index]
        return
    copy = _copy_to_cuda if prefetch_to.type == "cuda" else _copy_to
    start_copy = copy(data, prefetch_to)
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        pending: deque[Future[_FinishCopy]] = deque()
        for index in indices:
            pending.append(thread.submit(start_copy, index))
            if len(pending) > PREFETCHED_BATCHES:
                yield pending.popleft().result()()
        while pending:
            yield pending.popleft().result()()


_FinishCopy = Callable[[], tuple["Tensor", "Tensor"]]
"""Returns the images and labels of a batch, after waiting for their copy."""


def _copy_to(data: ImageSet, device: torch.device) -> Callable[[Tensor | slice], _FinishCopy]:
    """Return a function that copies a batch to a device."""

    def start_copy(index: Tensor | slice) -> _FinishCopy:
        images, labels = data.images[index].to(device), data.labels[index].to(device)
        return lambda: (images, labels)

    return start_copy


def _copy_to_cuda(data: ImageSet, device: torch.device) -> Callable[[Tensor | slice], _FinishCopy]:
    """Return a function that copies a batch from pinned memory on a stream of its own."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def start_copy(index: Tensor | slice) -> _FinishCopy:
        with torch.cuda.stream(stream):
            images = data.images[index].pin_memory().to(device, non_blocking=True)
            labels = data.labels[index].pin_memory().to(device, non_blocking=True)
            copied = stream.record_event()

        def finish_copy() -> tuple[Tensor, Tensor]:
            current = torch.cuda.current_stream(device)
            current.wait_event(copied)
            for tensor in (images, labels):
                tensor.record_stream(current)  # keeps its memory until the stream has used it
            return images, labels

        return finish_copy

    return start_copy
