"""Processes of a sweep share the GPUs evenly, whichever of them end and are replaced."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

PROCESS = """
import os, sys
from omegaconf import OmegaConf
from ensemble_switchover.sweep import gpu_slots as module
from ensemble_switchover.machine.nvml import visible_positions
number, seen = int(sys.argv[1]), os.environ.get("CUDA_VISIBLE_DEVICES")
found = range(number) if seen is None else visible_positions(seen, [""] * number)
module.assignable_gpus = lambda: tuple(map(str, found))
launcher = OmegaConf.create({"n_jobs": 4} if sys.argv[2] == "joblib" else {})
for _ in range(2):  # of every run of the process
    module.claim_gpu(launcher, 4)
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    processes = []
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def begin(num_gpus=2, launcher="joblib"):
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(num_gpus), launcher],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_four_processes_are_two_a_gpu_and_one_that_is_replaced_takes_its_place(start):
    started = [start() for _ in range(4)]
    assert [seen for _, seen in started] == ["0", "1", "0", "1"]
    started[1][0].kill()
    started[1][0].wait()
    assert start()[1] == "1"


def test_gpus_that_were_hidden_stay_hidden(start, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, 7")
    assert [start(8)[1] for _ in range(3)] == ["5", "7", "5"]


@pytest.mark.parametrize(("num_gpus", "launcher"), [(1, "joblib"), (0, "joblib"), (2, "slurm")])
def test_nothing_is_hidden_where_there_is_nothing_to_share(start, num_gpus, launcher):
    assert start(num_gpus, launcher)[1] == "None"
