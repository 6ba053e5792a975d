"""The page beside a sweep: its process ends with the sweep, and costs it nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep import live_page as module
from ensemble_switchover.sweep.live_page import live_page
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0


@pytest.fixture
def specs(tiny_spec):
    return [tiny_spec(f"seed={seed}")[0] for seed in range(2)]


@pytest.fixture
def processes(monkeypatch):
    """Start processes at once, and note them."""
    started = []
    popen = subprocess.Popen

    def note(*arguments, **options) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(module, "START_SECONDS", 0.0)
    monkeypatch.setattr(module.subprocess, "Popen", note)
    return started


def say(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    """Let the process be another program."""
    (folder / "instead.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr(module, "PROCESS_MODULE", "instead")


def wait_until(condition) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < PATIENCE
        time.sleep(0.02)


def wait_for(text: str, capsys) -> str:
    said = ""

    def heard() -> bool:
        nonlocal said
        out, err = capsys.readouterr()
        said += out + err
        return text in said

    wait_until(heard)
    return said


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


WAITING = """
import sys
sys.stdin.readline(); print("written", flush=True); sys.stdin.read()
open(sys.argv[1] + "/last", "w").close()
"""
DEAF = "import sys, time; sys.stdin.readline(); print('written', flush=True); time.sleep(600)"


@pytest.mark.process
def test_a_page_is_written_while_a_sweep_runs_and_its_process_ends_with_it(
    specs, processes, capsys
):
    page = specs[0].study_folder / "report" / "index.html"
    with live_page(specs, wanted=True):
        for spec in specs:
            write_record(spec.folder, make_record(name=spec.name))
        wait_for(f"A first picture, rewritten as runs finish: {page}", capsys)
        assert "2 of 2 runs; written" in page.read_text()
    assert is_gone(processes[0].pid)
    assert "2 of 2 runs are shown; the sweep ended" in page.read_text()


def test_the_last_page_is_awaited(specs, processes, monkeypatch, tmp_path, capsys):
    say(monkeypatch, tmp_path, WAITING)
    specs[0].study_folder.mkdir(parents=True)
    with live_page(specs, wanted=True):
        wait_for("A first picture", capsys)
    assert (specs[0].study_folder / "last").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, None])
def test_a_process_that_hangs_is_ended_however_the_sweep_ends(
    specs, processes, monkeypatch, tmp_path, capsys, error
):
    say(monkeypatch, tmp_path, DEAF)
    monkeypatch.setattr(module, "END_SECONDS", 0.1)
    monkeypatch.setattr(module, "STOP_SECONDS", 0.1)

    def sweep() -> None:
        with live_page(specs, wanted=True):
            wait_for("A first picture", capsys)
            if error is not None:
                raise error

    if error is None:
        sweep()
    else:
        with pytest.raises(error):
            sweep()
    assert is_gone(processes[0].pid)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print('no space left')", "The page of the study is not written: no space left; the runs"),
        ("raise SystemExit(3)", "its process ended with 3; the runs go on"),
    ],
)
def test_what_goes_wrong_is_told_and_costs_nothing(
    specs, processes, monkeypatch, tmp_path, capsys, program, expected
):
    say(monkeypatch, tmp_path, program)
    with live_page(specs, wanted=True):
        wait_for(expected, capsys)


def test_a_process_that_cannot_be_started_is_told(specs, processes, monkeypatch, capsys):
    monkeypatch.setattr(module.sys, "executable", "/absent/python")
    with live_page(specs, wanted=True):
        wait_for("The page of the study is not written", capsys)


def test_nothing_is_started_where_no_page_is_wanted_or_the_sweep_is_short(
    specs, processes, monkeypatch
):
    with live_page(specs, wanted=False):
        time.sleep(0.05)
    monkeypatch.setattr(module, "START_SECONDS", 60.0)
    with live_page(specs, wanted=True):
        pass
    assert processes == []


@pytest.mark.process
def test_the_sweep_itself_imports_nothing_for_it():
    program = "import sys, ensemble_switchover.sweep.live_page; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert {"torch", "matplotlib", "polars", "scipy"}.isdisjoint(said.stdout.split())
