"""The process that writes a page while a sweep runs; here its work is done in this process."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.reporting import page_process
from ensemble_switchover.reporting.page_process import PageProcess
from ensemble_switchover.reporting.planned_runs import PlannedRun, PlannedRuns
from ensemble_switchover.results.store import write_record
from tests.factories import make_study, planted_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ensemble_switchover.results.record import Record

RECORDS = make_study(planted_error)
PLANNED = PlannedRuns(
    tuple(
        PlannedRun(record.name, str(record.budget.parameters), record.design.design_class)
        for record in RECORDS
    ),
    all_are_trained=True,
)


class Ended(threading.Event):
    """A sweep of which something happens at every look at it, until nothing is left to happen."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        """Begin a sweep with what happens in it."""
        super().__init__()
        self.happenings = list(happenings)

    def wait(self, timeout: float | None = None) -> bool:
        """Let the next thing happen, and return whether the sweep has ended."""
        del timeout
        if not self.happenings:
            return True
        self.happenings.pop(0)()
        return False


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("ensemble_switchover.reporting.rewriting.SHORTEST_SECONDS", 0.0)
    monkeypatch.setattr("ensemble_switchover.reporting.rewriting.CORE_SHARE", float("inf"))
    monkeypatch.setattr("ensemble_switchover.reporting.rewriting.GROWTH", 0.0)
    return tmp_path


def finish(folder: Path, records: list[Record]) -> Callable[[], None]:
    def write() -> None:
        for record in records:
            write_record(folder / record.name, record)

    return write


def nothing() -> None:
    pass


def test_a_page_is_written_rewritten_and_ended(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: list[str] = []

    def read() -> None:
        pages.append(process.path.read_text() if process.path.exists() else "")

    half = len(RECORDS) // 2
    process = PageProcess(folder, PLANNED)
    process.run(
        Ended(
            read,
            finish(folder, RECORDS[:half]),
            read,
            finish(folder, RECORDS[half:-1]),
            read,
            finish(folder, RECORDS[-1:]),
        )
    )
    pages.append(process.path.read_text())

    total = len(RECORDS)
    assert pages[0] == ""
    assert f"{half} of {total} runs; written" in pages[1]
    assert f"{total - 1} of {total} runs; written" in pages[2]
    assert f"{total} of {total} runs are shown; the sweep ended" in pages[3]
    assert "refresh" in pages[2]
    assert "refresh" not in pages[3]
    assert capsys.readouterr().out == "written\n"  # once
    assert [path.name for path in process.path.parent.iterdir()] == ["index.html"]


def test_a_report_that_is_made_meanwhile_stays(folder: Path) -> None:
    process = PageProcess(folder, PLANNED)
    more = finish(folder, RECORDS[-1:])
    report = "<html>the report</html>"
    process.run(
        Ended(finish(folder, RECORDS[:-1]), lambda: process.path.write_text(report), more, nothing)
    )
    assert process.path.read_text() == report


def test_an_older_report_is_replaced_when_a_run_finishes(folder: Path) -> None:
    finish(folder, RECORDS[:-1])()
    path = folder / "report" / "index.html"
    path.parent.mkdir()
    path.write_text("older")
    runs = tuple(replace(r, finished_before=r.name != RECORDS[-1].name) for r in PLANNED.runs)
    planned = replace(PLANNED, runs=runs)

    PageProcess(folder, planned).run(Ended(nothing, nothing))
    assert path.read_text() == "older"
    PageProcess(folder, planned).run(Ended(finish(folder, RECORDS[-1:])))
    assert f"{len(RECORDS)} of {len(RECORDS)} runs" in path.read_text()


def test_a_page_that_cannot_be_written_is_told_once_and_tried_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "report").write_text("a file")
    process = PageProcess(folder, PLANNED)
    process.run(Ended(finish(folder, RECORDS[:-1]), nothing, (folder / "report").unlink, nothing))
    said = capsys.readouterr().out.splitlines()

    assert len(said) == 2
    assert "report" in said[0]
    assert said[1] == "written"
    assert process.path.exists()


def test_nothing_is_written_without_a_run(folder: Path) -> None:
    PageProcess(folder / "absent", PLANNED).run(Ended(nothing, nothing))
    assert [*folder.iterdir()] == []


def test_a_last_page_that_takes_long_is_the_former_one_with_another_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_process, "QUICK_SECONDS", -1.0)
    process = PageProcess(folder, PLANNED)
    ended = Ended(finish(folder, RECORDS[:-1]))
    ended.happenings.append(nothing)
    process.run(ended)
    finish(folder, RECORDS[-1:])()
    process.run(Ended())

    text = process.path.read_text()
    assert f"{len(RECORDS) - 1} of {len(RECORDS)} runs are shown; the sweep ended" in text
