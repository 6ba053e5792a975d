"""The runs below a folder, as a report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.reporting.page import Problem
from ensemble_switchover.reporting.reported_runs import read_reported_runs
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


def test_finished_failed_and_unreadable_runs_are_told_apart(tmp_path: Path) -> None:
    record = make_record()
    write_record(tmp_path / record.name, record)
    write_failure(tmp_path / "failed", "failed", "not finite")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "record.json").write_text("{")
    runs = read_reported_runs(tmp_path)

    assert runs.folders == {(record.study, record.name): tmp_path / record.name}
    assert runs.failed == (Problem("failed", "not finite"),)
    (unreadable,) = runs.unreadable
    assert unreadable.name == "odd/record.json"
    assert str(tmp_path) not in unreadable.reason


def test_a_study_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    write_failure(tmp_path / "failed", "failed", "not finite")
    with pytest.raises(RecordError, match=r"no finished run to report on \(1 failed, 0 unread"):
        read_reported_runs(tmp_path)
