"""A file, or a folder, with a name of the store hides no run, wherever it lies."""

import json
import shutil

import pytest

from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    FAILURE_FILE,
    RECORD_FILE,
    unfinished_folder,
)
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import read_records
from ensemble_switchover.results.study_folders import read_studies
from tests.factories import make_record
from tests.results.program import rows, run

STRAY = {
    "empty": lambda path: path.write_text(""),
    "foreign": lambda path: path.write_text('{"artist": "Various"}'),
    "binary": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "folder": lambda path: path.mkdir(),
    "link": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("stray", STRAY)
@pytest.mark.parametrize("name", [RECORD_FILE, FAILURE_FILE])
@pytest.mark.parametrize("place", [".", "study"])
def test_a_stray_file_hides_no_run(place, name, stray, study, capsys):
    results = study.parent
    before = {row["name"]: row["state"] for row in rows(capsys, study)}
    records = read_records(results).records
    STRAY[stray](results / place / name)
    for folder in (results, study):
        found = {row["name"]: row["state"] for row in rows(capsys, folder)}
        assert before.items() <= found.items()
        assert read_records(folder).records == records
        assert read_studies([folder]).records == records
    capsys.readouterr()
    run(capsys, results, "--check")
    told = [e for e in read_records(results).unreadable if e.path == results / place / name]
    assert len(told) == (name == RECORD_FILE and stray != "folder")


def test_a_copied_record_is_named_and_hides_nothing(study):
    (study / RECORD_FILE).write_bytes((study / "deq" / RECORD_FILE).read_bytes())
    found = read_records(study)
    assert [record.name for record in found.records] == ["deq", "single", "weq"]
    (copied,) = (entry for entry in found.unreadable if entry.path.parent == study)
    assert "No such file" in copied.reason


def test_all_files_of_a_run_copied_beside_the_runs_hide_none(study):
    for path in (study / "deq").iterdir():
        (study / path.name).write_bytes(path.read_bytes())
    found = find_runs(study).recorded
    assert {path.name for path in found} == {"study", "single", "deq", "weq", "damaged"}


def test_a_copy_in_the_folder_of_a_run_is_no_run(study):
    shutil.copytree(study / "weq", study / "deq" / "copy")
    assert study / "deq" / "copy" not in find_runs(study).recorded


def test_a_folder_in_place_of_a_record_is_told_before_a_run_is_trained(tmp_path):
    (tmp_path / "run" / RECORD_FILE).mkdir(parents=True)
    assert run_state(tmp_path / "run") is RunState.UNREADABLE


def test_a_stray_file_beside_unfinished_runs_hides_none(tmp_path):
    (unfinished_folder(tmp_path / "run")).mkdir(parents=True)
    (tmp_path / RECORD_FILE).write_text(json.dumps(make_record().name))
    (tmp_path / CONFIG_FILE).write_text("")
    assert find_runs(tmp_path).begun == [tmp_path / "run"]


@pytest.mark.parametrize("copy", ["run (copy)", "a copy"])
def test_a_copied_folder_of_a_run_counts_once(copy, study, capsys):
    before = read_records(study).records
    original = study / before[0].name
    shutil.copytree(original, study / copy)
    found = read_records(study)
    assert found.records == before
    (aside,) = [entry for entry in found.unreadable if entry.path.parent.name == copy]
    assert aside.path == study / copy / RECORD_FILE
    assert aside.reason.endswith(f"a copy of the run in {original}, which counts once")
    assert len(read_studies([study]).records) == len(before)
    assert f"a copy of the run in {original}" in capsys.readouterr().err


def test_a_copied_study_counts_once(study):
    before = read_records(study)
    shutil.copytree(study, study.parent / "backup")
    found = read_records(study.parent)
    assert len(found.records) == len(before.records)
    assert len(found.unreadable) == len(before.records) + 2 * len(before.unreadable)
