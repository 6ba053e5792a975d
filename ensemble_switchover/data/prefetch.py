"""Where images lie during training, and how batches of them get to where they are used.

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

DEPTH = 4
"""Batches that are fetched before they are asked for."""


def free_device_bytes(device: torch.device) -> int | None:
    """Return what is free of an accelerator's memory; None where it does not tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return None


def gather(
    data: ImageSet, indices: Iterable[Tensor | slice], prefetch_to: torch.device | None
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Yield images (B, C, H, W) and labels (B,) at each of the indices.

    Args:
        data: The images, wherever they lie.
        indices: Of one batch after the other, lying where the images do.
        prefetch_to: A device to bring the batches to before they are asked for; None leaves them
            where the images lie.
    """
    if prefetch_to is None:
        for index in indices:
            yield data.images[index], data.labels[index]
        return
    bring = _to_cuda(data, prefetch_to) if prefetch_to.type == "cuda" else _to(data, prefetch_to)
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:
        waiting: deque[Future[_Arrival]] = deque()
        for index in indices:
            waiting.append(thread.submit(bring, index))
            if len(waiting) > DEPTH:
                yield waiting.popleft().result()()
        while waiting:
            yield waiting.popleft().result()()


_Arrival = Callable[[], tuple["Tensor", "Tensor"]]
"""Is called where a batch is used, and returns it."""


def _to(data: ImageSet, device: torch.device) -> Callable[[Tensor | slice], _Arrival]:
    def bring(index: Tensor | slice) -> _Arrival:
        images, labels = data.images[index].to(device), data.labels[index].to(device)
        return lambda: (images, labels)

    return bring


def _to_cuda(data: ImageSet, device: torch.device) -> Callable[[Tensor | slice], _Arrival]:
    """Copy from pinned memory on a stream of its own, so that training goes on meanwhile."""
    stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def bring(index: Tensor | slice) -> _Arrival:
        with torch.cuda.stream(stream):
            images = data.images[index].pin_memory().to(device, non_blocking=True)
            labels = data.labels[index].pin_memory().to(device, non_blocking=True)
            copied = stream.record_event()

        def arrive() -> tuple[Tensor, Tensor]:
            current = torch.cuda.current_stream(device)
            current.wait_event(copied)
            for tensor in (images, labels):
                tensor.record_stream(current)  # its memory is not reused before it was used
            return images, labels

        return arrive

    return bring
