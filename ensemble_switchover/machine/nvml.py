"""NVIDIA's management library, asked about the GPUs that CUDA lets this process use.

Every query may fail alone: an old driver, a virtual GPU or a MIG instance does not know all values,
and one that is not known hides no other.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = TypeVar("Answer")

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable that names the GPUs that CUDA shows to a process."""


def ask_each_gpu(question: Callable[[Any, Any], Answer]) -> list[Answer]:
    """Ask about every GPU that CUDA shows to this process, in CUDA's order.

    Args:
        question: Is called with the `pynvml` module and the handle of a GPU or a MIG instance.

    Returns:
        The answers; none without a driver.
    """
    return _with_nvml(lambda nvml: [question(nvml, gpu) for gpu in _visible_gpus(nvml)])


def names_of_gpus() -> list[str]:
    """Name the GPUs and MIG instances of this process, each as CUDA_VISIBLE_DEVICES would.

    CUDA shows one MIG instance to a process and no GPU beside it; processes that are each given a
    name of these have all of them.
    """
    return _with_nvml(_assignable)


def value_of(nvml: Any, query: str, *arguments: Any) -> Any:
    """Return the answer to a query; None where the bindings, the driver or the GPU have none."""
    function = getattr(nvml, query, None)
    if function is None:
        return None
    try:
        return function(*arguments)
    except nvml.NVMLError:
        return None


def visible_positions(text: str, uuids: Sequence[str | None]) -> list[int]:
    """Return which GPUs CUDA_VISIBLE_DEVICES names by numbers or by UUIDs, in its order.

    As CUDA does: the first that does not exist ends the list, and one that is named twice empties
    it. A number is what an entry begins with; of a UUID the beginning is enough if it is unique.

    >>> visible_positions("1, 0", ["GPU-a1", "GPU-b2"]), visible_positions("0,-1,1", ["", ""])
    ([1, 0], [0])
    >>> visible_positions("GPU-b", ["GPU-a1", "GPU-b2"]), visible_positions("7,0", ["", ""])
    ([1], [])
    """
    if text.startswith("GPU-"):
        return _until_absent([_position_of(name, uuids) for name in text.split(",")], len(uuids))
    numbers = []
    for entry in text.split(","):
        number = re.match(r"\+?([0-9]{1,9})", entry.strip())
        if number is None:
            break
        if int(number[1]) in numbers:
            return []
        numbers.append(int(number[1]))
    return _until_absent(numbers, len(uuids))


def _until_absent(positions: Sequence[int], number: int) -> list[int]:
    found: list[int] = []
    for position in positions:
        if not 0 <= position < number:
            break
        if position in found:
            return []
        found.append(position)
    return found


def _position_of(name: str, uuids: Sequence[str | None]) -> int:
    """Return which UUID begins with a name; -1 if none does, or several."""
    fitting = [i for i, uuid in enumerate(uuids) if uuid is not None and uuid.startswith(name)]
    return fitting[0] if len(fitting) == 1 and name.startswith("GPU-") else -1


def _with_nvml(use: Callable[[Any], list[Answer]]) -> list[Answer]:
    if not _is_installed():
        return []
    import pynvml

    answers: list[Answer] = []
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        try:
            answers = use(pynvml)
        finally:
            value_of(pynvml, "nvmlShutdown")
    return answers


def _is_installed() -> bool:
    """Find the library where that is quicker than importing `pynvml`: on Linux."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


def _visible_gpus(nvml: Any) -> list[Any]:
    """Return the handles of what CUDA shows to a process."""
    text = os.environ.get(VISIBLE)
    if text is not None and text.startswith("MIG-"):
        return [handle for _, handle in _named_instances(nvml, text)][:1]
    shown: list[Any] = []
    for _, gpu in _chosen(nvml, text):
        instances = _instances_of(nvml, gpu)
        if instances:
            return instances[:1]
        if instances is None:
            shown.append(gpu)
    return shown


def _assignable(nvml: Any) -> list[str]:
    text = os.environ.get(VISIBLE)
    if text is not None and text.startswith("MIG-"):
        return [name for name, _ in _named_instances(nvml, text)]
    names: list[str] = []
    for name, gpu in _chosen(nvml, text):
        instances = _instances_of(nvml, gpu)
        if instances is None:
            names.append(name)
        else:
            uuids = [value_of(nvml, "nvmlDeviceGetUUID", instance) for instance in instances]
            names += [uuid for uuid in uuids if uuid is not None]
    return names


def _chosen(nvml: Any, text: str | None) -> list[tuple[str, Any]]:
    """Return the name and the handle of every GPU that a value of CUDA_VISIBLE_DEVICES leaves."""
    every = _in_cudas_order(nvml)
    if text is None:
        return [(str(number), gpu) for number, gpu in enumerate(every)]
    uuids = [value_of(nvml, "nvmlDeviceGetUUID", gpu) for gpu in every]
    positions = visible_positions(text, uuids)
    by_uuid = text.startswith("GPU-")
    return [
        ((uuids[position] or "") if by_uuid else str(position), every[position])
        for position in positions
    ]


def _in_cudas_order(nvml: Any) -> list[Any]:
    """Return the handles of all GPUs as CUDA numbers them: the fastest first, or as the bus does.

    How fast CUDA takes a GPU to be is not told; its cores and their clock stand for it.
    """
    handles = [
        value_of(nvml, "nvmlDeviceGetHandleByIndex", number)
        for number in range(nvml.nvmlDeviceGetCount())
    ]
    every = [handle for handle in handles if handle is not None]
    if os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return every

    def speed(gpu: Any) -> float:
        cores = value_of(nvml, "nvmlDeviceGetNumGpuCores", gpu)
        clock = value_of(nvml, "nvmlDeviceGetMaxClockInfo", gpu, getattr(nvml, "NVML_CLOCK_SM", 1))
        return float((cores or 0) * (clock or 0))

    return sorted(every, key=speed, reverse=True)  # equal ones stay in the order of the bus


def _instances_of(nvml: Any, gpu: Any) -> list[Any] | None:
    """Return the MIG instances of a GPU that are this process's; None if it is not in MIG mode."""
    mode = value_of(nvml, "nvmlDeviceGetMigMode", gpu)
    if mode is None or not mode[0]:
        return None
    largest = value_of(nvml, "nvmlDeviceGetMaxMigDeviceCount", gpu) or 0
    query = "nvmlDeviceGetMigDeviceHandleByIndex"
    found = [value_of(nvml, query, gpu, number) for number in range(largest)]
    return [instance for instance in found if instance is not None]


def _named_instances(nvml: Any, text: str) -> list[tuple[str, Any]]:
    """Return the MIG instances that a list names, until one that does not exist."""
    found: dict[str, Any] = {}
    for name in text.split(","):
        instance = _instance_named(nvml, name)
        if instance is None:
            break
        if name in found:
            return []
        found[name] = instance
    return list(found.items())


def _instance_named(nvml: Any, name: str) -> Any:
    """Return a MIG instance by its UUID, or the beginning of one, or `MIG-GPU-UUID/GI/CI`."""
    exact = value_of(nvml, "nvmlDeviceGetHandleByUUID", name)
    if exact is not None:
        return exact
    every = _in_cudas_order(nvml)
    old = re.fullmatch(r"MIG-(GPU-[^/]+)/([0-9]+)/([0-9]+)", name)
    fitting = []
    for gpu in every:
        uuid = value_of(nvml, "nvmlDeviceGetUUID", gpu) or ""
        for instance in _instances_of(nvml, gpu) or ():
            if old is None:
                own = value_of(nvml, "nvmlDeviceGetUUID", instance) or ""
                fits = own.startswith(name) and name.startswith("MIG-")
            else:
                ids = [
                    value_of(nvml, f"nvmlDeviceGet{kind}InstanceId", instance)
                    for kind in ("Gpu", "Compute")
                ]
                fits = uuid.startswith(old[1]) and ids == [int(old[2]), int(old[3])]
            if fits:
                fitting.append(instance)
    return fitting[0] if len(fitting) == 1 else None
