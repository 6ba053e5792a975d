import pytest
import torch

from ensemble_switchover.machine.cgroups import Throttling
from ensemble_switchover.machine.gpu_state import GpuState
from ensemble_switchover.measurement import disturbance
from ensemble_switchover.measurement.disturbance import (
    DisturbanceMonitor,
    slowdown_counts,
    thread_times,
    waiting_sentences,
    waiting_share,
)


@pytest.fixture
def machine(tmp_path):
    """A made-up machine: threads with their times, processors with their counts of slowdowns."""

    class Machine:
        tasks, processors = tmp_path / "task", tmp_path / "cpu"

        def thread(self, name, worked, waited):
            (self.tasks / name).mkdir(parents=True, exist_ok=True)
            (self.tasks / name / "schedstat").write_text(f"{worked} {waited} 7\n")

        def slowdowns(self, number):
            folder = self.processors / "cpu0" / "thermal_throttle"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "core_throttle_count").write_text(f"{number}\n")

        def watch(self):
            return DisturbanceMonitor(torch.device("cpu"), processors=self.processors)

    machine = Machine()
    machine.thread("1", 1000, 900)
    machine.slowdowns(3)
    return machine


def test_nothing_is_told_of_a_machine_of_ones_own(machine):
    assert machine.watch().seen(concurrent_jobs=1) == []
    assert waiting_sentences({"training": 0.05}) == []


def test_waiting_for_a_processor_since_the_beginning_is_told(machine):
    before = thread_times(machine.tasks)
    machine.thread("1", 101_000, 10_900)
    machine.thread("2", 100_000, 20_000)
    share = waiting_share(before, thread_times(machine.tasks))
    assert waiting_sentences({"training": share}) == [
        "threads waited for a processor for 15% of their working time in training"
    ]


def test_a_processor_that_is_too_hot_is_told(machine):
    watch = machine.watch()
    machine.slowdowns(4)
    assert watch.seen(concurrent_jobs=1) == ["a processor was slowed down by its temperature"]


def test_a_quota_that_held_the_run_back_is_told(machine, monkeypatch):
    states = iter([Throttling(5, 1.5), Throttling(1205, 13.7)])
    monkeypatch.setattr(disturbance, "read_throttling", lambda: next(states))
    assert machine.watch().seen(concurrent_jobs=1) == [
        "the quota of processors held it back 1,200 times, for 12.2 s"
    ]


def test_a_machine_that_does_not_tell_is_not_accused(tmp_path):
    watch = DisturbanceMonitor(torch.device("cpu"), processors=tmp_path / "none")
    assert watch.seen(concurrent_jobs=1) == []
    assert waiting_share({}, {}) == 0


def test_this_machine_can_be_asked():
    assert waiting_share({}, thread_times()) >= 0
    assert slowdown_counts() == slowdown_counts()


def test_a_gpu_that_is_held_back_is_told(machine, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (70, 80))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 8)
    states = iter([[GpuState(0, 1.0, 400.0, 400.0)], [GpuState(0, 4.0, 400.0, 400.0)]])
    monkeypatch.setattr(disturbance, "gpu_states", lambda: next(states))
    watch = DisturbanceMonitor(torch.device("cuda", 0), processors=machine.processors)
    assert watch.seen(concurrent_jobs=1) == ["the GPU was slowed down by its temperature for 3.0 s"]


@pytest.mark.parametrize(("jobs", "told"), [(1, True), (2, False)])
def test_memory_of_others_on_the_gpu_is_told_unless_they_are_of_the_study(
    machine, monkeypatch, jobs, told
):
    gibibyte = 2**30
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (60 * gibibyte, 80 * gibibyte))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 15 * gibibyte)
    watch = DisturbanceMonitor(torch.device("cuda", 0), processors=machine.processors)
    expected = ["other processes held 5.0 GiB of the GPU"] if told else []
    assert watch.seen(concurrent_jobs=jobs) == expected
