"""Peak rates of devices."""

import pytest

from ensemble_switchover.planning.data_sheet import data_sheet_of, data_sheets
from ensemble_switchover.planning.workload import Pass, Workload


def test_rates_are_the_makers():
    # NVIDIA A100 80GB data sheet: 19.5, 156 and 312 TFLOPS, 2,039 GB/s
    sheet = data_sheets()["a100"]
    assert sheet.flops_per_second == {"32": 19.5e12, "tf32": 156e12, "bf16": 312e12}
    assert (sheet.bytes_per_second, sheet.memory_bytes) == (2039e9, 80 * 10**9)


def test_every_sheet_is_plausible_and_found_by_its_own_name():
    for name, sheet in data_sheets().items():
        assert sheet.name == name == name.lower()
        assert data_sheet_of(f"NVIDIA {sheet.pattern}") is sheet
        rates = [sheet.flops_per_second[p] for p in ("32", "tf32", "bf16") if p in
                 sheet.flops_per_second]  # fmt: skip
        assert rates == sorted(rates)
        assert rates[0] > 5e12


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("Tesla V100-SXM2-16GB", "v100"),
        ("Tesla T4", "t4"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", None),
        ("NVIDIA GeForce RTX 3090", "rtx3090"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA A10", None),
        ("Intel Xeon", None),
    ],
)
def test_a_device_is_known_by_a_whole_word_of_its_name(device, name):
    found = data_sheet_of(device)
    assert (None if found is None else found.name) == name


def test_time_is_bound_by_arithmetic_or_by_memory():
    sheet = data_sheets()["a100"]
    arithmetic = Workload(10, 10**12, 10**6)
    moving = Workload(10, 10**6, 10**10)
    assert sheet.predict(Pass.MANY, arithmetic, "32") == pytest.approx(1 / 19.5)
    assert sheet.predict(Pass.TRAINING, arithmetic, "32") == pytest.approx(3 / 19.5)
    assert sheet.predict(Pass.MANY, moving, "32") == pytest.approx(4e10 / 2039e9)
    assert sheet.predict(Pass.MANY, moving, "bf16") == pytest.approx(2e10 / 2039e9)
    assert sheet.predict(Pass.ONE, moving, "32") is None  # starting layers takes its time


def test_a_precision_that_the_sheet_lacks_is_not_predicted():
    assert data_sheets()["t4"].predict(Pass.MANY, Workload(1, 1, 1), "bf16") is None
    assert data_sheets()["h200"].predict(Pass.MANY, Workload(1, 1, 1), "64") is None
