"""Tests of the processes that write a report's sections."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.report import report
from ensemble_switchover.results.store import write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    records = [make_record(), make_record(design_class="deq", k=2), make_record(design_class="deq")]
    for record in records:
        write_record(tmp_path / "demo" / record.name, record)
    return tmp_path / "demo"


@pytest.fixture
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensemble_switchover.report_page.writers._SECTIONS_OF_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def contents(page: Path) -> dict[str, bytes]:
    folder = page.parent
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def kill_itself(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_several_processes_write_the_same_report(
    study: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    alone = report(study, tmp_path / "alone")
    request.getfixturevalue("_two_processes")

    together = report(study, tmp_path / "together")

    assert len(contents(alone)) > 20
    assert contents(together) == contents(alone)


@pytest.mark.usefixtures("_two_processes")
def test_a_killed_process_costs_no_report(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gc.set_threshold", kill_itself)

    page = report(study, tmp_path / "out")

    assert page.read_text("utf-8").count("<section id=") == 2


@pytest.mark.usefixtures("_two_processes")
def test_a_full_disk_is_told_by_the_process_that_met_it(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "figures" / "verdicts_resnet_on_digits_k_2.svg").mkdir(parents=True)

    with pytest.raises(IsADirectoryError):
        report(study, out)
