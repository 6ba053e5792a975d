"""What a training changes in its process, given back where it ends: a caller's process goes on."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.inherited_variables import (
    CACHES_OF_LIBRARIES,
    RANKS,
    forget_other_trainings,
    keep_library_caches_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ensemble_switchover.config.run_spec import RunSpec

_LIGHTNING = "pytorch_lightning"


@contextmanager
def process_given_back(spec: RunSpec, *, trains: bool) -> Iterator[None]:
    """Train within a `with`; signals, variables, log levels and torch are those of before after it.

    Args:
        spec: The run.
        trains: Whether it will be trained, for which torch is imported.
    """
    with ExitStack() as stack:
        stack.enter_context(interruption.listening())
        stack.enter_context(_variables())
        forget_other_trainings()
        if trains:
            keep_library_caches_in(spec.dataset.cache)  # before torch is imported
            stack.enter_context(_torch_settings(spec.device))
        yield


@contextmanager
def _variables() -> Iterator[None]:
    """Give back the variables of the environment that a training sets or removes."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in (*RANKS, *CACHES_OF_LIBRARIES):
            os.environ.pop(name, None)
        os.environ.update({name: before[name] for name in before.keys() - os.environ.keys()})


@contextmanager
def _torch_settings(device: str) -> Iterator[None]:
    """Give back torch's random generators, number of threads and precision, and a log level."""
    import torch

    logger = logging.getLogger(_LIGHTNING)
    level, threads = logger.level, torch.get_num_threads()
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    with torch.random.fork_rng(_generators(device)):
        try:
            yield
        finally:
            torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = matmul, cudnn
            torch.set_num_threads(threads)
            logger.setLevel(level)


def _generators(device: str) -> list[int]:
    """Return the GPUs whose random generators a training seeds; a GPU in no use stays so."""
    import torch

    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return list(range(torch.cuda.device_count()))
    return [0] if device in ("auto", "cuda") and torch.cuda.is_available() else []
