"""What the day runs on: the device, its driver, versions, and the device's two ceilings."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from benchmarks.common import alternate
from benchmarks.gpu_day.item import Item, Stage
from ensemble_switchover.machine.nvml import ask_each_gpu, value_of
from ensemble_switchover.measurement.environment import describe_environment, device_memory_bytes
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.device import choose_device

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from benchmarks.gpu_day.item import Circumstances

COPIED_BYTES = {False: 2**32, True: 2**22}
"""By whether the day is tiny: much more than any cache holds."""
PRODUCT_SIDE = {False: 8192, True: 128}
ROUNDS = 10


def describe(connection: Connection) -> None:
    """Send what this machine is, from a process of its own: the day itself leaves CUDA alone."""
    with connection:
        try:
            connection.send(_facts())
        except (RuntimeError, OSError) as error:
            connection.send({"trouble": f"{type(error).__name__}: {error}".splitlines()[0]})


def _facts() -> dict[str, Any]:
    device = choose_device("auto")
    if device.type == "cuda":
        torch.zeros(1, device=device).add_(1).item()  # a driver that is too old says so here
    facts = asdict(describe_environment(device)) | {
        "memory_bytes": device_memory_bytes(device),
        "driver": next(iter(ask_each_gpu(_driver)), None),
        "processors": os.cpu_count(),
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        facts["multiprocessors"] = properties.multi_processor_count
        facts["capability"] = f"{properties.major}.{properties.minor}"
    return facts


def _driver(nvml: Any, _gpu: Any) -> str | None:
    version = value_of(nvml, "nvmlSystemGetDriverVersion")
    return version.decode() if isinstance(version, bytes) else version


def measure_ceilings(here: Circumstances) -> dict[str, Any]:
    """Measure bytes read and written per second by a copy, and bf16 operations by a product."""
    source = torch.randint(
        0, 255, (COPIED_BYTES[here.tiny],), dtype=torch.uint8, device=here.device
    )
    target = torch.empty_like(source)
    side = PRODUCT_SIDE[here.tiny]
    one, two = (torch.randn(side, side, device=here.device, dtype=torch.bfloat16) for _ in range(2))
    seconds = alternate(
        {"copy": lambda: target.copy_(source), "product": lambda: one @ two},
        synchronised_clock(here.device),
        rounds=ROUNDS,
        warm_up_rounds=3,
        until=here.deadline,
    )
    return {"seconds": seconds, "copied_bytes": 2 * len(source), "operations": 2 * side**3}


STAGE = Stage("device", 0.02, (Item("device: ceilings", measure_ceilings, limit_seconds=20),))
