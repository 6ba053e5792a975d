"""Records of several folders, each read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.results.study_folders import MissingRun, read_studies
from tests.factories import make_record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for study, seed in (("one", 0), ("one", 1), ("two", 0)):
        record = make_record(study=study, seed=seed)
        write_record(tmp_path / study / record.name, record)
    return tmp_path


@pytest.mark.parametrize(
    ("folders", "studies"),
    [
        (["one"], ["one", "one"]),
        (["two", "one"], ["two", "one", "one"]),
        (["one", "one/."], ["one", "one"]),
        (["two", "."], ["one", "one", "two"]),
        ([".", "one"], ["one", "one", "two"]),
    ],
)
def test_every_record_comes_once(results: Path, folders: list[str], studies: list[str]) -> None:
    found = read_studies([results / folder for folder in folders])

    assert [record.study for record in found.records] == studies


def test_folders_without_a_run_are_named(results: Path) -> None:
    (results / "three").mkdir()

    with pytest.raises(RecordError, match=r"three: no finished run; expected <run>/record\.json"):
        read_studies([results / "three"])


def test_runs_without_a_record_are_named_from_their_study_on(results: Path) -> None:
    write_failure(results / "one" / "a", "a", "it diverged")
    (results / "two" / "b").mkdir()
    (results / "two" / "b" / "record.json").write_text("{")

    found = read_studies([results / "one", results / "two"])

    assert found.failed == [MissingRun("one/a", "it diverged")]
    (unreadable,) = found.unreadable
    assert unreadable.name == "two/b/record.json"
    assert str(results) not in unreadable.reason
    (named,) = read_studies([results / "one" / ".", results / "one"]).failed
    assert named.name == "one/a"


def test_where_all_runs_failed_that_is_told(results: Path) -> None:
    write_failure(results / "three" / "a", "a", "it diverged")

    with pytest.raises(RecordError, match=r"no finished run \(1 failed, 0 unreadable\); expected"):
        read_studies([results / "three"])
