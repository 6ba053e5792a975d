"""What the machine has, without torch."""

import platform
import subprocess
import sys

import pytest
import torch

from ensemble_switchover.machine import hardware
from ensemble_switchover.machine.hardware import Gpu
from ensemble_switchover.training.device import choose_device
from tests.machine.fake_nvml import fake_gpu, install


@pytest.fixture
def driver(monkeypatch):
    """Let NVIDIA's driver know some GPUs."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield lambda *gpus, **options: install(monkeypatch, gpus, **options)
    hardware.forget_gpus()


def test_gpus_are_those_that_the_driver_names(driver):
    calls = driver(fake_gpu("NVIDIA A100-SXM4-80GB", 80), fake_gpu("Tesla, T4", 15))
    assert hardware.gpus() == (
        Gpu("NVIDIA A100-SXM4-80GB", 80 * 2**30),
        Gpu("Tesla, T4", 15 * 2**30),
    )
    assert hardware.devices()[0] == "cuda"
    assert calls == ["init", "shutdown"]


@pytest.mark.parametrize(
    ("gpus", "error"),
    [
        ([], None),
        ([], "Driver Not Loaded"),
        ([fake_gpu()], "Driver/library version mismatch"),
    ],
)
def test_without_an_answer_there_are_none(gpus, error, driver):
    driver(*gpus, error=error)
    assert hardware.gpus() == ()
    assert "cuda" not in hardware.devices()


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="the library is sought by its Linux name")
@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the driver")
def test_without_a_driver_its_bindings_are_not_imported():
    code = (
        "import sys; from ensemble_switchover.machine import hardware; "
        "assert hardware.gpus() == (); assert not {'pynvml', 'torch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_apples_processors_have_mps(driver, monkeypatch):
    driver()
    monkeypatch.setattr(hardware.sys, "platform", "darwin")
    monkeypatch.setattr(hardware.platform, "machine", lambda: "arm64")
    assert hardware.devices() == ("mps", "cpu")
    monkeypatch.setattr(hardware.platform, "machine", lambda: "x86_64")
    assert hardware.devices() == ("cpu",)


def test_the_default_is_torchs():
    hardware.forget_gpus()
    assert hardware.devices()[0] == choose_device("auto").type
    if torch.cuda.is_available():
        assert hardware.gpus()[0].name == torch.cuda.get_device_name(0)


def test_a_processor_has_a_name_and_memory():
    assert hardware.processor_name().strip()
    size = hardware.main_memory_bytes()
    assert size is None or size > 2**27


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the name is Python's own")
def test_the_system_is_named_as_python_does_without_a_process(monkeypatch):
    monkeypatch.setattr(platform, "_uname_cache", None)
    monkeypatch.setattr(platform, "_platform_cache", {})
    asked = []

    def answer(command, **_):
        asked.append(command)
        return "unknown"

    monkeypatch.setattr(subprocess, "check_output", answer)
    name = hardware.system_name()
    assert asked == []
    assert name == platform.platform()
    assert asked == [["uname", "-p"]]
