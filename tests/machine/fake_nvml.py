"""A stand-in for `pynvml`: NVIDIA's management library on a machine without its driver."""

import sys
from types import SimpleNamespace

from ensemble_switchover.machine import hardware


class NVMLError(Exception):
    """What every call of the library may raise."""


def fake_gpu(name="Tesla T4", gibibytes=15, *, uuid="", reasons=0):
    """Describe a GPU; None for what the driver does not know of it."""
    return SimpleNamespace(name=name, memory=gibibytes, uuid=uuid, reasons=reasons)


def install(monkeypatch, gpus=(), mig=(), error=None):
    """Let the driver know these GPUs and MIG instances, or fail as soon as it is asked."""
    calls = []

    def start():
        calls.append("init")
        if error is not None:
            raise NVMLError(error)

    def known(value):
        if value is None:
            raise NVMLError("Not Supported")
        return value

    def by_uuid(uuid):
        return known(next((gpu for gpu in (*gpus, *mig) if gpu.uuid == uuid), None))

    monkeypatch.setitem(
        sys.modules,
        "pynvml",
        SimpleNamespace(
            NVMLError=NVMLError,
            nvmlInit=start,
            nvmlShutdown=lambda: calls.append("shutdown"),
            nvmlDeviceGetCount=lambda: len(gpus),
            nvmlDeviceGetHandleByIndex=lambda index: gpus[index],
            nvmlDeviceGetHandleByUUID=by_uuid,
            nvmlDeviceGetUUID=lambda gpu: gpu.uuid,
            nvmlDeviceGetName=lambda gpu: known(gpu.name),
            nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(total=known(gpu.memory) * 2**30),
            nvmlDeviceGetCurrentClocksThrottleReasons=lambda gpu: known(gpu.reasons),
            nvmlClocksThrottleReasonSwThermalSlowdown=0x20,
            nvmlClocksThrottleReasonHwThermalSlowdown=0x40,
        ),
    )
    monkeypatch.setattr(hardware, "_nvml_is_installed", lambda: True)
    hardware.gpus.cache_clear()
    return calls
