"""What the machine has, without torch."""

import subprocess
from types import SimpleNamespace

import pytest
import torch

from ensemble_switchover.machine import hardware
from ensemble_switchover.machine.hardware import Gpu
from ensemble_switchover.runner.run import choose_device


@pytest.fixture
def driver(monkeypatch):
    """Let the driver's tool answer something."""

    def answer(text, error=None):
        def run(command, **options):
            assert command[0] == "nvidia-smi"
            if error is not None:
                raise error
            return SimpleNamespace(stdout=text)

        monkeypatch.setattr(subprocess, "run", run)
        hardware.gpus.cache_clear()

    yield answer
    hardware.gpus.cache_clear()


def test_gpus_are_those_that_the_driver_names(driver):
    driver("NVIDIA A100-SXM4-80GB, 81920\nTesla, T4, 15360\n\n")
    assert hardware.gpus() == (
        Gpu("NVIDIA A100-SXM4-80GB", 81920 * 2**20),
        Gpu("Tesla, T4", 15360 * 2**20),
    )
    assert hardware.devices()[0] == "cuda"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", None),
        ("NVIDIA-SMI has failed", None),
        ("Tesla T4, [N/A]", None),
        ("", FileNotFoundError()),
        ("", subprocess.CalledProcessError(9, "nvidia-smi")),
        ("", subprocess.TimeoutExpired("nvidia-smi", 10)),
    ],
)
def test_without_an_answer_there_are_none(text, error, driver):
    driver(text, error)
    assert hardware.gpus() == ()
    assert "cuda" not in hardware.devices()


def test_apples_processors_have_mps(driver, monkeypatch):
    driver("")
    monkeypatch.setattr(hardware.sys, "platform", "darwin")
    monkeypatch.setattr(hardware.platform, "machine", lambda: "arm64")
    assert hardware.devices() == ("mps", "cpu")
    monkeypatch.setattr(hardware.platform, "machine", lambda: "x86_64")
    assert hardware.devices() == ("cpu",)


def test_the_default_is_torchs():
    hardware.gpus.cache_clear()
    assert hardware.devices()[0] == choose_device("auto").type
    if torch.cuda.is_available():
        assert hardware.gpus()[0].name == torch.cuda.get_device_name(0)


def test_a_processor_has_a_name_and_memory():
    assert hardware.processor_name().strip()
    size = hardware.main_memory_bytes()
    assert size is None or size > 2**27


@pytest.mark.parametrize(
    ("visible", "names"), [(None, ["A", "B"]), ("", []), ("1", ["B"]), ("1,0", ["B", "A"])]
)
def test_gpus_are_those_that_cuda_lets_the_process_see(visible, names, monkeypatch):
    def answer(command, **_):
        return subprocess.CompletedProcess(command, 0, stdout="A, 100\nB, 200\n")

    monkeypatch.setattr(subprocess, "run", answer)
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    hardware.gpus.cache_clear()
    try:
        assert [gpu.name for gpu in hardware.gpus()] == names
    finally:
        hardware.gpus.cache_clear()
