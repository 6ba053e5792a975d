"""Energy by fake counters."""

from pathlib import Path

import pytest

from ensemble_switchover.measure import energy
from ensemble_switchover.measure.energy import RaplCounter, find_gpu, find_rapl, measure_joules
from tests.measure.clocks import Clock, endless


def rapl_tree(root, energy):
    zones = {
        "intel-rapl:0": ("package-0", energy[0]),
        "intel-rapl:0:0": ("core", 5),
        "intel-rapl:1": ("package-1", energy[1]),
        "intel-rapl:2": ("psys", 7),
    }
    for zone, (name, value) in zones.items():
        (root / zone).mkdir(parents=True, exist_ok=True)
        (root / zone / "name").write_text(f"{name}\n")
        (root / zone / "max_energy_range_uj").write_text("999999\n")
        (root / zone / "energy_uj").write_text(f"{value}\n")


def test_packages_are_counted_once_and_counters_wrap_around(tmp_path):
    rapl_tree(tmp_path, (100_000, 900_000))
    counters, why = find_rapl(tmp_path)
    assert (len(counters), why) == (2, None)
    clock = Clock()
    sleep = clock.sleeper(endless([0.5]))

    def call():
        sleep()
        rapl_tree(tmp_path, (350_000, 150_000))  # the second went over 999,999

    passes, joules, gpu = measure_joules([call, sleep], 1.0, counters, None, clock)
    assert (passes, gpu) == (1, None)
    assert joules == pytest.approx(0.25 + 0.25)


def test_the_gpu_is_read_beside_it(tmp_path):
    readings = iter([10.0, 13.5])
    clock = Clock()
    found = measure_joules([clock.sleeper(endless([0.6]))], 1.0, [], lambda: next(readings), clock)
    assert found == (2, None, pytest.approx(3.5))


class FakeNvml:
    """Two GPUs: that of index 1, or of UUID `GPU-b`, draws; the other's driver tells nothing."""

    class NVMLError(Exception):
        pass

    def __init__(self):
        self.millijoules = 1_000

    def nvmlInit(self):  # noqa: N802 - NVML's own names
        pass

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return {"GPU-a": 0, "GPU-b": 1}[uuid]

    def nvmlDeviceGetName(self, gpu):  # noqa: N802
        return f"GPU {gpu}"

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu):  # noqa: N802
        if gpu == 0:
            raise self.NVMLError("Not Supported")
        self.millijoules += 250
        return self.millijoules


@pytest.mark.parametrize("visible", ["1", "1,0", "GPU-b"])
def test_the_joules_are_those_of_the_first_gpu_that_cuda_shows(visible, monkeypatch):
    nvml = FakeNvml()
    monkeypatch.setattr(energy, "find_spec", lambda name: name)
    monkeypatch.setattr(energy, "import_module", lambda name: nvml)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    name, read, why = find_gpu()
    assert (name, why) == ("GPU 1", None)
    assert read() - read() == pytest.approx(-0.25)


def test_a_gpu_without_a_counter_is_told(monkeypatch):
    monkeypatch.setattr(energy, "find_spec", lambda name: name)
    monkeypatch.setattr(energy, "import_module", lambda name: FakeNvml())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_gpu() == ("GPU 0", None, "no joules of the GPU: Not Supported")
    monkeypatch.setattr(energy, "find_spec", lambda name: None)
    assert find_gpu()[2] == "no joules of the GPU: nvidia-ml-py is not installed"


def test_a_counter_for_root_alone_is_told(tmp_path, monkeypatch):
    rapl_tree(tmp_path, (1, 2))
    read = Path.read_text

    def denied(path, *arguments):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments)

    monkeypatch.setattr(Path, "read_text", denied)
    counters, why = find_rapl(tmp_path)
    assert counters == []
    assert "may be read by root alone" in why


def test_no_counter_is_told(tmp_path):
    counters, why = find_rapl(tmp_path)
    assert counters == []
    assert why == f"no joules of the processor: no intel-rapl:* with a package in {tmp_path}"
    assert RaplCounter(tmp_path, 9).joules(before=8, after=3) == pytest.approx(5e-6)
