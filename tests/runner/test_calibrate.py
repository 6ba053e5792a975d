"""Timing designs on this machine; never how long they take."""

import pytest
import torch

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.planning.calibration import calibration_folder, read_calibrations
from ensemble_switchover.planning.cost import design_text
from ensemble_switchover.planning.forecast import forecast
from ensemble_switchover.planning.workload import Pass
from ensemble_switchover.runner import calibrate as calibrate_module
from ensemble_switchover.runner.calibrate import calibrate, farthest_first, time_design
from ensemble_switchover.training.precision import FLOAT32

SMALL = ("budget.depth=8", "budget.width=2", "recipe.batch_size=4")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def saved():
    found, problems = read_calibrations(calibration_folder(None))
    assert problems == []
    return found


def test_every_pass_of_a_design_is_timed(tiny_spec):
    spec, _ = tiny_spec(*SMALL)
    times = time_design(spec, requested_plan(spec), torch.device("cpu"), FLOAT32, 0.01)
    assert list(times) == list(Pass)
    for seconds in times.values():
        assert 3 <= len(seconds) <= 12
        assert min(seconds) > 0


def test_timings_are_kept_and_the_plan_uses_them(tiny_spec, log_lines):
    overrides = (*SMALL, "design=deq", "k=1")
    specs = [tiny_spec(*overrides, f"budget.width={width}")[0] for width in (2, 3)]
    calibrate(specs, 0.05)
    (calibration,) = saved()
    assert calibration.conditions.device == "cpu"
    assert {entry.design for entry in calibration.observations} == {
        design_text(spec, requested_plan(spec), timed) for spec in specs for timed in Pass
    }
    assert sum("ms a step" in line for line in log_lines) == 2
    for entry in calibration.observations:
        assert 0 < entry.lower_seconds <= entry.median_seconds <= entry.upper_seconds
    (first, _) = forecast(specs, [calibration], None)
    timed = next(entry for entry in calibration.observations if entry.timed is Pass.TRAINING)
    assert first.cost.training_seconds == pytest.approx(first.cost.steps * timed.median_seconds)


def test_runs_of_several_conditions_have_a_calibration_each(tiny_spec):
    specs = [tiny_spec(*SMALL, f"precision={precision}")[0] for precision in ("32", "64", "bf16")]
    calibrate(specs, 0.02)
    assert {entry.conditions.precision for entry in saved()} == {"32", "64", "bf16"}


def test_what_is_timed_later_joins_what_was_timed_before(tiny_spec):
    for width in (2, 3, 2):
        calibrate([tiny_spec(*SMALL, f"budget.width={width}")[0]], 0.01)
    (calibration,) = saved()
    assert len(calibration.observations) == 2 * len(Pass)


def test_when_the_seconds_are_over_some_designs_are_left(tiny_spec, log_lines):
    specs = [tiny_spec(*SMALL, f"budget.width={width}")[0] for width in range(2, 8)]
    calibrate(specs, 1e-9)
    assert log_lines[-1].startswith("calibration: 3 of 6 designs")
    (calibration,) = saved()
    assert len({entry.work for entry in calibration.observations}) == 3 * len(Pass)


def test_a_design_that_does_not_fit_is_left_out(tiny_spec, monkeypatch, log_lines):
    def overflow(*arguments):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(calibrate_module, "time_design", overflow)
    spec, _ = tiny_spec(*SMALL)
    calibrate([spec], 0.01)
    text = design_text(spec, requested_plan(spec), Pass.TRAINING)
    assert log_lines == [f"calibration: {text} does not fit into memory; left out"]
    assert saved() == []


def test_another_error_is_no_lack_of_memory(tiny_spec, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(calibrate_module, "time_design", fail)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        calibrate([tiny_spec(*SMALL)[0]], 0.01)


def test_a_device_that_is_not_there_is_one_sentence(tiny_spec):
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is there")
    with pytest.raises(ConfigError, match="device=cuda: this machine has cpu"):
        calibrate([tiny_spec(*SMALL, "device=cuda")[0]], 0.01)


def test_the_most_different_designs_come_first_and_every_family_once(tiny_spec):
    overrides = [("arch=resnet", f"budget.width={width}") for width in (2, 3, 4, 32)]
    overrides += [("arch=vgg", "budget.depth=8", f"budget.width={width}") for width in (2, 3)]
    specs = [tiny_spec(*entry, f"seed={seed}")[0] for entry in overrides for seed in (0, 1)]
    order = list(farthest_first(specs))
    assert len(order) == 6  # seeds make no difference
    assert {spec.family.name for spec in order[:2]} == {"resnet", "vgg"}
    first = [spec.design.width for spec in order[:3] if spec.family.name == "resnet"]
    assert 32 in first
