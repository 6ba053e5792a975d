"""A stand-in for `pynvml`: NVIDIA's management library on a machine without its driver."""

import sys
from types import SimpleNamespace

from ensemble_switchover.machine import hardware, nvml


class NVMLError(Exception):
    """What every call of the library may raise."""


def fake_gpu(name="Tesla T4", gibibytes=15, *, uuid="", reasons=0, **more):
    """Describe a GPU or a MIG instance; None for what the driver does not know of it."""
    facts = {"cores": 1000, "clock": 1000, "instances": None, "ids": (0, 0), "parent": None}
    facts |= {"hot_ns": None, "limit_mw": None, "default_mw": None} | more
    return SimpleNamespace(name=name, memory=gibibytes, uuid=uuid, reasons=reasons, **facts)


def install(monkeypatch, gpus=(), mig=(), error=None, reasons=("Event", "Throttle")):
    """Let the driver know these GPUs and MIG instances, or fail as soon as it is asked.

    Args:
        monkeypatch: Puts the bindings in place.
        gpus: The GPUs in the order of the bus; one in MIG mode has `instances`, a list.
        mig: Instances that are known by their UUID alone.
        error: What the driver says when the library is started.
        reasons: The names under which it knows the reasons of lower clocks.
    """
    calls = []
    instances = [one for gpu in gpus if gpu is not None for one in gpu.instances or ()]
    for gpu in gpus:
        for one in (gpu.instances or ()) if gpu is not None else ():
            one.parent = gpu

    def start():
        calls.append("init")
        if error is not None:
            raise NVMLError(error)

    def known(value):
        if value is None:
            raise NVMLError("Not Supported")
        return value

    def by_uuid(uuid):
        return known(next((gpu for gpu in (*mig, *instances) if gpu.uuid == uuid), None))

    def instance_of(gpu, number):
        return known(dict(enumerate(gpu.instances or ())).get(number))

    def reasons_by(query):
        return lambda gpu: known(gpu.reasons if query in reasons else None)

    monkeypatch.setitem(
        sys.modules,
        "pynvml",
        SimpleNamespace(
            NVMLError=NVMLError,
            nvmlInit=start,
            nvmlShutdown=lambda: calls.append("shutdown"),
            nvmlDeviceGetCount=lambda: len(gpus),
            nvmlDeviceGetHandleByIndex=lambda index: known(gpus[index]),
            nvmlDeviceGetHandleByUUID=by_uuid,
            nvmlDeviceGetUUID=lambda gpu: known(gpu.uuid),
            nvmlDeviceGetName=lambda gpu: known(gpu.name),
            nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(total=known(gpu.memory) * 2**30),
            nvmlDeviceGetNumGpuCores=lambda gpu: known(gpu.cores),
            nvmlDeviceGetMaxClockInfo=lambda gpu, _: known(gpu.clock),
            nvmlDeviceGetMigMode=lambda gpu: [known(None if gpu.instances is None else 1), 1],
            nvmlDeviceGetMaxMigDeviceCount=lambda gpu: 7,
            nvmlDeviceGetMigDeviceHandleByIndex=instance_of,
            nvmlDeviceGetGpuInstanceId=lambda gpu: gpu.ids[0],
            nvmlDeviceGetComputeInstanceId=lambda gpu: gpu.ids[1],
            nvmlDeviceGetDeviceHandleFromMigDeviceHandle=lambda gpu: known(gpu.parent),
            nvmlDeviceGetCurrentClocksEventReasons=reasons_by("Event"),
            nvmlDeviceGetCurrentClocksThrottleReasons=reasons_by("Throttle"),
            nvmlDeviceGetViolationStatus=lambda gpu, _: SimpleNamespace(
                violationTime=known(gpu.hot_ns)
            ),
            nvmlDeviceGetEnforcedPowerLimit=lambda gpu: known(gpu.limit_mw),
            nvmlDeviceGetPowerManagementDefaultLimit=lambda gpu: known(gpu.default_mw),
        ),
    )
    monkeypatch.setattr(nvml, "_is_installed", lambda: True)
    hardware.forget_gpus()
    return calls
