"""What a driver tells of a GPU that is held back."""

import pytest

from ensemble_switchover.machine import hardware
from ensemble_switchover.machine.gpu_state import GpuState, gpu_states, held_back_sentences
from tests.machine.fake_nvml import fake_gpu, install


@pytest.fixture
def driver(monkeypatch):
    """Let NVIDIA's driver know some GPUs."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield lambda *gpus, **options: install(monkeypatch, gpus, **options)
    hardware.forget_gpus()


@pytest.mark.parametrize("known_as", ["Event", "Throttle"])
@pytest.mark.parametrize(
    ("reasons", "sentences"),
    [
        (0x1 | 0x4, []),  # idle, and at its power limit
        (0x20, ["the GPU was slowed down by its temperature at the end"]),
        (0x40 | 0x4, ["the GPU was slowed down by its temperature at the end"]),
        (0x80, ["the GPU was slowed down by its power supply at the end"]),
    ],
)
def test_reasons_are_known_by_either_name(known_as, reasons, sentences, driver):
    driver(fake_gpu(reasons=reasons), reasons=(known_as,))
    assert held_back_sentences(gpu_states(), gpu_states()) == sentences


def test_a_driver_that_knows_nothing_accuses_no_gpu(driver):
    driver(fake_gpu(reasons=None), reasons=())
    assert gpu_states() == [GpuState(None, None, None, None)]
    assert held_back_sentences([], gpu_states()) == []
    assert held_back_sentences(gpu_states(), []) == []


def test_a_counter_tells_for_how_long_and_a_limit_is_told(driver):
    gpus = fake_gpu(hot_ns=10**9), fake_gpu(limit_mw=250_000, default_mw=400_000)
    driver(*gpus)
    before = gpu_states()
    gpus[0].hot_ns += 2_500_000_000
    assert held_back_sentences(before, gpu_states()) == [
        "GPU 0 was slowed down by its temperature for 2.5 s",
        "GPU 1 may take 250 W, of 400 W by default",
    ]


def test_of_a_slice_its_gpu_is_asked(driver):
    driver(fake_gpu("A100", reasons=0x40, instances=[fake_gpu("a slice", 10, reasons=None)]))
    (sentence,) = held_back_sentences([], gpu_states())
    assert "temperature" in sentence
