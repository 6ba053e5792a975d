"""Facts of this machine and of what is installed on it."""

import os
from pathlib import Path

import numpy as np

from ensemble_switchover.measure.machine_facts import (
    allowed_processors,
    describe_machine,
    installed_versions,
)

CPUINFO, BOARD = "/proc/cpuinfo", "/proc/device-tree/model"


def files(monkeypatch, texts):
    monkeypatch.setattr(Path, "read_text", lambda path: texts[str(path)])


def test_the_processor_is_named_or_else_the_board(monkeypatch):
    files(monkeypatch, {CPUINFO: "processor : 0\nmodel name\t: Chip 9: fast\n"})
    assert describe_machine("cpu", "")["device_name"] == "Chip 9: fast"
    assert describe_machine("cuda", "GPU 3")["device_name"] == "GPU 3"
    files(monkeypatch, {CPUINFO: "processor : 0\n", BOARD: "Board Model 5\0"})
    assert describe_machine("cpu", "")["processor"] == "Board Model 5"


def test_the_processors_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 7}, raising=False)
    assert allowed_processors() == 3


def test_versions_are_those_that_are_imported():
    assert installed_versions(["numpy"])["numpy"] == np.__version__
