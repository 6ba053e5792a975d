"""GPUs as CUDA lets a process see them, and what a driver may not know."""

import random

import pytest
import torch

from ensemble_switchover.machine import hardware
from ensemble_switchover.machine.nvml import visible_positions
from tests.machine.fake_nvml import fake_gpu, install


@pytest.fixture
def driver(monkeypatch):
    """Let NVIDIA's driver know some GPUs, and CUDA show some of them."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)

    def start(*gpus, visible=None, **options):
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        install(monkeypatch, gpus, **options)

    yield start
    hardware.forget_gpus()


def names():
    return [gpu.name for gpu in hardware.gpus()]


def two():
    return fake_gpu("A", 80, uuid="GPU-8932f937-1"), fake_gpu("B", 15, uuid="GPU-8942aaaa-2")


@pytest.mark.parametrize(
    ("visible", "expected", "assignable"),
    [
        (None, ["A", "B"], ["0", "1"]),
        ("", [], []),
        ("-1", [], []),
        ("1", ["B"], ["1"]),
        (" 1 , 0", ["B", "A"], ["1", "0"]),
        ("0,-1,1", ["A"], ["0"]),
        ("7,0", [], []),
        ("0,7,1", ["A"], ["0"]),
        ("0,0", [], []),
        ("0,,1", ["A"], ["0"]),
        ("1gpu,0", ["B", "A"], ["1", "0"]),
        ("none", [], []),
        ("NoDevFiles", [], []),
        ("9" * 40, [], []),
        ("GPU-8932f937", ["A"], ["GPU-8932f937-1"]),
        ("GPU-89", [], []),  # of both
        ("GPU-8942,GPU-8932", ["B", "A"], ["GPU-8942aaaa-2", "GPU-8932f937-1"]),
        ("GPU-8942,0", ["B"], ["GPU-8942aaaa-2"]),
        ("0,GPU-8942", ["A"], ["0"]),
        ("GPU-8942,GPU-8942aaaa", [], []),
        ("GPU-9,GPU-8932", [], []),
        ("8932f937", [], []),
        ("MIG-none", [], []),
    ],
)
def test_gpus_are_those_that_cuda_shows(visible, expected, assignable, driver):
    driver(*two(), visible=visible)
    assert names() == expected
    assert list(hardware.assignable_gpus()) == assignable
    assert hardware.devices()[0] == ("cuda" if expected else "cpu")


def test_lists_of_numbers_and_uuids_are_read_as_torch_reads_them(monkeypatch):
    """Torch's reading was made after that of NVIDIA's driver."""
    uuids = ["GPU-12ab", "GPU-12cd", "GPU-3456"]
    words = [
        "0",
        "1",
        "2",
        "3",
        "-1",
        "",
        " 1",
        "+2",
        "1a",
        "x",
        "GPU-12ab",
        "GPU-3",
        "GPU-12",
        "12",
    ]
    chooser = random.Random(0)
    for _ in range(500):
        text = ",".join(chooser.choices(words, k=chooser.randint(1, 4)))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
        theirs = torch.cuda._parse_visible_devices()
        if theirs and isinstance(theirs[0], str):
            theirs = torch.cuda._transform_uuid_to_ordinals(theirs, uuids)
        end = next((i for i, one in enumerate(theirs) if one >= len(uuids)), len(theirs))
        assert visible_positions(text, uuids) == theirs[:end], text


def test_cuda_numbers_the_fastest_first_unless_it_is_told_otherwise(driver, monkeypatch):
    slow, fast = fake_gpu("slow", cores=1000), fake_gpu("fast", cores=9000)
    driver(slow, fast, visible="0")
    assert names() == ["fast"]
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    hardware.forget_gpus()
    assert names() == ["slow"]


def test_what_one_gpu_does_not_tell_hides_nothing_else(driver):
    driver(fake_gpu("A", None, cores=None, uuid=None), None, fake_gpu(None, 15, clock=None))
    assert hardware.gpus() == (
        hardware.Gpu("A", None),
        hardware.Gpu("NVIDIA GPU", 15 * 2**30),
    )


def test_old_bindings_lack_queries(driver, monkeypatch):
    driver(*two())
    import pynvml

    for query in ("nvmlDeviceGetMigMode", "nvmlDeviceGetNumGpuCores", "nvmlDeviceGetMemoryInfo"):
        monkeypatch.delattr(pynvml, query)
    assert names() == ["A", "B"]


@pytest.fixture
def sliced():
    """Make a whole GPU after one that is in two slices, as an administrator made them."""
    slices = [
        fake_gpu("A100 MIG 1g.10gb", 10, uuid="MIG-1111-x", ids=(7, 0)),
        fake_gpu("A100 MIG 3g.40gb", 40, uuid="MIG-2222-y", ids=(2, 0)),
    ]
    return (
        fake_gpu("A100", 80, uuid="GPU-aa", instances=slices, cores=6912),
        fake_gpu("T4", 15, uuid="GPU-bb", cores=2560),
    )


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [("A100 MIG 1g.10gb", 10)]),
        ("0", [("A100 MIG 1g.10gb", 10)]),
        ("1", [("T4", 15)]),
        ("1,0", [("A100 MIG 1g.10gb", 10)]),
        ("GPU-aa", [("A100 MIG 1g.10gb", 10)]),
        ("MIG-2222-y", [("A100 MIG 3g.40gb", 40)]),
        ("MIG-2222", [("A100 MIG 3g.40gb", 40)]),
        ("MIG-2222-y,MIG-1111-x", [("A100 MIG 3g.40gb", 40)]),
        ("MIG-GPU-aa/7/0", [("A100 MIG 1g.10gb", 10)]),
        ("MIG-GPU-aa/2/0", [("A100 MIG 3g.40gb", 40)]),
        ("MIG-GPU-aa/9/0", []),
        ("MIG-GPU-zz/7/0", []),
        ("MIG-", []),
        ("MIG-1111-x,MIG-1111-x", []),
    ],
)
def test_a_slice_has_its_own_memory_and_is_alone(visible, expected, driver, sliced):
    driver(*sliced, visible=visible)
    assert [(gpu.name, gpu.memory_bytes) for gpu in hardware.gpus()] == [
        (name, size * 2**30) for name, size in expected
    ]


@pytest.mark.parametrize(
    ("visible", "assignable"),
    [
        (None, ("MIG-1111-x", "MIG-2222-y", "1")),
        ("0", ("MIG-1111-x", "MIG-2222-y")),
        ("MIG-2222,MIG-1111-x,MIG-gone", ("MIG-2222", "MIG-1111-x")),
    ],
)
def test_each_process_of_a_sweep_can_have_a_slice(visible, assignable, driver, sliced):
    driver(*sliced, visible=visible)
    assert hardware.assignable_gpus() == assignable


def test_a_gpu_in_mig_mode_without_a_slice_cannot_be_used(driver):
    driver(fake_gpu("A100", 80, instances=[]), fake_gpu("T4", cores=10))
    assert names() == ["T4"]
    assert hardware.assignable_gpus() == ("1",)


def test_the_bindings_have_what_is_asked_of_them():
    import pynvml

    for name in (
        "NVMLError", "nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex",
        "nvmlDeviceGetHandleByUUID", "nvmlDeviceGetUUID", "nvmlDeviceGetName",
        "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetCurrentClocksThrottleReasons",
        "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetViolationStatus",
        "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementDefaultLimit",
        "nvmlDeviceGetMigMode", "nvmlDeviceGetMaxMigDeviceCount", "nvmlDeviceGetGpuInstanceId",
        "nvmlDeviceGetMigDeviceHandleByIndex", "nvmlDeviceGetComputeInstanceId",
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle", "nvmlDeviceGetNumGpuCores",
        "nvmlDeviceGetMaxClockInfo",
    ):  # fmt: skip
        assert callable(getattr(pynvml, name))
