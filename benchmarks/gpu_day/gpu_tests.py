"""The tests that are marked `cuda`, each function of them an item; elsewhere what runs of them."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_day.item import REPOSITORY, Item, Stage

if TYPE_CHECKING:
    from benchmarks.gpu_day.item import Circumstances, Settings

TESTS = (
    ("test_cuda.py", "test_every_way_learns_what_the_papers_way_learns"),
    ("test_cuda.py", "test_a_gpu_learns_what_the_cpu_learns"),
    ("test_cuda.py", "test_the_stopwatch_agrees_with_the_devices_own_events"),
    ("test_cuda.py", "test_members_in_turn_need_the_memory_of_one"),
    ("test_cuda.py", "test_a_run_that_was_stopped_ends_as_one_that_was_not"),
    ("test_cuda.py", "test_too_little_memory_leaves_a_failure_that_says_so"),
    ("test_cuda.py", "test_a_mixed_precision_computes_by_it_and_learns_about_the_same"),
    ("test_cuda.py", "test_images_from_the_host_train_what_those_on_the_device_do"),
    ("test_cuda.py", "test_seeds_together_learn_what_each_learns_alone"),
    ("data/test_prefetch.py", "test_training_batches_from_the_host_are_those_of_the_device"),
    ("data/test_prefetch.py", "test_evaluation_batches_from_the_host_are_those_of_the_device"),
    ("data/test_prefetch.py", "test_a_gpu_tells_what_is_free"),
    ("measurement/test_memory.py", "test_a_gpu_tells_its_own_bytes"),
    ("training/test_member_processes.py", "test_processes_use_a_gpu_though_they_are_forked"),
)
"""File below `tests` and function, the most important first."""
TINY_TESTS = 9
"""So many of them are in a tiny day without a GPU, where the others only skip."""


class Outcomes:
    """A plugin of pytest that keeps how every test ended."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed: dict[str, str] = {}
        self.skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note a phase of a test: only the call passes, any phase fails or skips."""
        name = report.nodeid.rpartition("::")[2]
        if report.failed:
            self.failed[name] = str(report.longreprtext).strip().splitlines()[-1][:200]
        elif report.skipped:
            self.skipped[name] = str(report.longrepr[2])[:200]
        elif report.when == "call":
            self.passed.append(name)

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be collected."""
        if report.failed:
            self.failed[report.nodeid] = str(report.longreprtext).strip().splitlines()[-1][:200]


def run_test(file: str, function: str, here: Circumstances) -> dict[str, Any]:
    """Run a test with all its parameters that are for the device; say how each ended.

    Raises:
        RuntimeError: if there is no such test.
    """
    import pytest

    outcomes = Outcomes()
    os.chdir(REPOSITORY)
    only = ["-m", "cuda"] if here.device.type == "cuda" else []
    # hydra's plugin is imported by now: its assertions are not rewritten, and are not asked for
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    pytest.main([f"tests/{file}::{function}", *quiet, *only], plugins=[outcomes])
    if not (outcomes.passed or outcomes.failed or outcomes.skipped):
        raise RuntimeError(f"tests/{file} has no {function} for {here.device.type}")
    return {
        "passed": outcomes.passed, "failed": outcomes.failed, "skipped": outcomes.skipped,
    }  # fmt: skip


def make_stage(settings: Settings) -> Stage:
    """Make the stage."""
    tests = TESTS[:TINY_TESTS] if settings.tiny else TESTS
    items = tuple(
        Item(f"tests: {file}::{function}", partial(run_test, file, function), limit_seconds=90)
        for file, function in tests
    )
    return Stage("tests", 0.2, items)
