"""Which device a run is predicted for."""

from importlib.metadata import version

import pytest

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine import hardware
from ensemble_switchover.machine.hardware import Gpu
from ensemble_switchover.planning import basis as machine_module
from ensemble_switchover.planning.basis import NO_DEVICE, find_machine
from ensemble_switchover.planning.data_sheet import data_sheets
from tests.planning.synthetic import make_calibration, make_conditions


@pytest.fixture
def on_a_machine(monkeypatch):
    """Pretend to be on a machine."""

    def pretend(gpu=None, processor="Example CPU", memory_bytes=2**34):
        gpus = () if gpu is None else (gpu,)
        devices = ("cpu",) if gpu is None else ("cuda", "cpu")
        monkeypatch.setattr(machine_module, "gpus", lambda: gpus)
        monkeypatch.setattr(machine_module, "devices", lambda: devices)
        monkeypatch.setattr(machine_module, "processor_name", lambda: processor)
        monkeypatch.setattr(machine_module, "main_memory_bytes", lambda: memory_bytes)

    return pretend


def test_a_calibrated_processor(on_a_machine, tiny_spec):
    on_a_machine(memory_bytes=900 * 2**20)  # a limit, say, that it had not when it was calibrated
    spec, _ = tiny_spec("device=auto")
    calibration = make_calibration()
    found = find_machine(spec, ExecutionPlan(), [calibration], None)
    assert found.basis is calibration
    assert (found.conditions, found.memory_bytes) == (make_conditions(), 900 * 2**20)
    assert found.source == (
        "the calibration of Example CPU, 2026-01-02: 5 designs of resnet, timed with 1 thread and "
        f"torch {version('torch')}"
    )


def test_a_calibration_by_another_torch_is_used_and_said(on_a_machine, tiny_spec):
    on_a_machine()
    spec, calibration = tiny_spec()[0], make_calibration(torch="1.0")
    found = find_machine(spec, ExecutionPlan(), [calibration], None)
    assert found.basis is calibration
    assert f"torch 1.0; torch {version('torch')} is here now, for which --calibrate" in found.source
    assert "is here now" not in find_machine(spec, ExecutionPlan(), [calibration], "exa").source


@pytest.mark.parametrize(
    ("environment", "same"),
    [("1", True), ("2", False), ("1,4", True), ("many", False)],
)
def test_threads_of_the_environment_are_threads_that_were_asked_for(
    environment, same, on_a_machine, tiny_spec, monkeypatch
):
    on_a_machine()
    monkeypatch.setattr(hardware, "num_processors", lambda: 4)
    monkeypatch.setattr(machine_module, "num_processors", lambda: 4)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    one = make_calibration(conditions=make_conditions(threads=1, processors=4))
    monkeypatch.setenv("OMP_NUM_THREADS", environment)
    for name in (None, "example"):
        found = find_machine(tiny_spec()[0], ExecutionPlan(), [one], name)
        assert (found.basis is one) == same
    assert find_machine(tiny_spec("threads=1")[0], ExecutionPlan(), [one], None).basis is one


@pytest.mark.parametrize(
    "overrides",
    [
        ("precision=64",),
        ("threads=2",),
        ("compile=true",),
        ("device=cuda",),
        ("dataset.augmentation=standard",),
    ],
)
def test_other_conditions_are_not_calibrated(overrides, on_a_machine, tiny_spec):
    on_a_machine()
    found = find_machine(tiny_spec(*overrides)[0], ExecutionPlan(), [make_calibration()], None)
    assert found.basis is None
    assert found.source.startswith("nothing: ")


def test_an_unknown_processor_says_what_to_do(on_a_machine, tiny_spec):
    on_a_machine(processor="New CPU")
    found = find_machine(tiny_spec()[0], ExecutionPlan(), [make_calibration()], None)
    assert (found.basis, found.memory_bytes) == (None, 2**34)
    assert "New CPU is not calibrated" in found.source
    assert "--calibrate" in found.source


def test_a_gpu_is_predicted_by_its_data_sheet_until_it_is_calibrated(on_a_machine, tiny_spec):
    name = "NVIDIA A100-SXM4-40GB"
    on_a_machine(Gpu(name, 40 * 2**30))
    spec, _ = tiny_spec("device=auto")
    found = find_machine(spec, ExecutionPlan(), [], None)
    assert found.basis is data_sheets()["a100"]
    assert (found.conditions.device, found.memory_bytes) == ("cuda", 40 * 2**30)
    calibration = make_calibration(conditions=make_conditions(device="cuda", device_name=name))
    assert find_machine(spec, ExecutionPlan(), [calibration], None).basis is calibration
    on_cpu = find_machine(tiny_spec("device=cpu")[0], ExecutionPlan(), [calibration], None)
    assert (on_cpu.conditions.device, on_cpu.basis) == ("cpu", None)


def test_a_device_that_this_machine_lacks_has_no_name_and_no_memory(on_a_machine, tiny_spec):
    on_a_machine()
    found = find_machine(tiny_spec("device=cuda")[0], ExecutionPlan(), [make_calibration()], None)
    assert (found.conditions.device_name, found.memory_bytes) == (NO_DEVICE, None)
    assert "this machine has no cuda device" in found.source


def test_a_data_sheet_is_named(on_a_machine, tiny_spec):
    on_a_machine()
    for name in ("a100", "A100"):
        found = find_machine(tiny_spec("device=auto")[0], ExecutionPlan(), [], name)
        assert found.basis is data_sheets()["a100"]
        assert found.conditions.device == "cuda"
        assert "a rough lower bound" in found.source
    double, _ = tiny_spec("device=auto", "precision=64")
    assert "no rate of precision=64" in find_machine(double, ExecutionPlan(), [], "a100").source


def test_a_calibrated_device_is_named_by_a_part_of_its_name(on_a_machine, tiny_spec):
    on_a_machine()
    there = make_conditions(device="cuda", device_name="NVIDIA A100-SXM4-80GB")
    calibrations = [make_calibration(), make_calibration(conditions=there)]
    spec, _ = tiny_spec("device=auto")
    for name in ("a100", "sxm4", "NVIDIA A100-SXM4-80GB"):
        assert find_machine(spec, ExecutionPlan(), calibrations, name).basis is calibrations[1]
    assert find_machine(spec, ExecutionPlan(), calibrations, "example").basis is calibrations[0]
    # under other conditions its memory is known, and its data sheet bounds the time
    double, _ = tiny_spec("device=auto", "precision=tf32")
    found = find_machine(double, ExecutionPlan(), calibrations, "sxm4")
    assert (found.basis, found.memory_bytes) == (data_sheets()["a100"], 10**10)


def test_a_data_sheet_is_not_a_part_of_another_name(on_a_machine, tiny_spec):
    on_a_machine()
    there = make_conditions(device="cuda", device_name="NVIDIA L40S")
    calibration = make_calibration(conditions=there)
    spec, _ = tiny_spec("device=auto")
    assert find_machine(spec, ExecutionPlan(), [calibration], "l4").basis is data_sheets()["l4"]
    assert find_machine(spec, ExecutionPlan(), [calibration], "l40").basis is calibration


@pytest.mark.parametrize("name", ["foo", "", "a1000"])
def test_an_unknown_name_is_one_sentence_with_those_that_are_known(name, on_a_machine, tiny_spec):
    on_a_machine()
    spec, _ = tiny_spec("device=auto")
    with pytest.raises(ConfigError, match=rf"--machine {name}: .*\(there is none\).*a100, h100"):
        find_machine(spec, ExecutionPlan(), [], name)
    with pytest.raises(ConfigError, match=r"\(Example CPU\)"):
        find_machine(spec, ExecutionPlan(), [make_calibration()], name)


def test_a_name_of_several_devices_is_refused(on_a_machine, tiny_spec):
    on_a_machine()
    calibrations = [
        make_calibration(conditions=make_conditions(device_name=f"Example {n}")) for n in (1, 2)
    ]
    spec, _ = tiny_spec()
    with pytest.raises(ConfigError, match="expected one device; so are named Example 1, Example 2"):
        find_machine(spec, ExecutionPlan(), calibrations, "example")


def test_a_device_that_the_run_is_not_for_is_refused(on_a_machine, tiny_spec):
    on_a_machine()
    with pytest.raises(ConfigError, match="is a cuda device, and device=cpu came"):
        find_machine(tiny_spec("device=cpu")[0], ExecutionPlan(), [], "h200")
    with pytest.raises(ConfigError, match="is a cpu device, and device=cuda came"):
        find_machine(tiny_spec("device=cuda")[0], ExecutionPlan(), [make_calibration()], "Example")
