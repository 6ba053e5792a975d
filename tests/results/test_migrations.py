"""Records of former versions of the schema, stored as they were written then."""

import json
import shutil
from pathlib import Path

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.migrations import MIGRATIONS, migrate
from ensemble_switchover.results.record import SCHEMA_VERSION
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import read_record, read_records, write_record
from ensemble_switchover.results.table import list_runs
from tests.factories import make_record

DATA = Path(__file__).parent / "data"


@pytest.fixture
def old(tmp_path):
    """A run that the program wrote when the epochs were in the record."""
    return Path(shutil.copytree(DATA / "version_1", tmp_path / "study" / "old"))


def test_a_record_of_version_1_is_read_whole(old):
    content = json.loads((old / RECORD_FILE).read_text())
    assert content["schema_version"] == 1
    record = read_record(old / RECORD_FILE)
    assert record.schema_version == SCHEMA_VERSION
    assert [epoch.test_error for epoch in record.epochs] == [
        epoch["test_error"] for epoch in content["epochs"]
    ]
    assert [epoch.member_train_seconds for epoch in record.epochs] == [
        epoch["member_train_seconds"] for epoch in content["epochs"]
    ]
    assert record.config == content["config"]
    assert record.design.parameters == 2640
    assert run_state(old) is RunState.FINISHED


def test_old_and_new_records_are_read_and_listed_together(old):
    new = make_record(study="study")
    write_record(old.parent / "new", new)
    found = read_records(old.parent)
    assert not found.unreadable
    assert found.records == [new, read_record(old / RECORD_FILE)]
    rows = {row["folder"]: row for row in list_runs(old.parent).rows(named=True)}
    last = json.loads((old / RECORD_FILE).read_text())["epochs"][-1]
    assert rows["old"]["test_error_percent"] == last["test_error"]
    assert rows["old"]["epoch_seconds"] == last["train_seconds"]
    assert rows["new"]["test_error_percent"] == 10.0


def test_a_record_of_version_1_may_be_written_as_todays(old, tmp_path):
    record = read_record(old / RECORD_FILE)
    write_record(tmp_path / "again", record)
    assert read_record(tmp_path / "again" / RECORD_FILE) == record


def test_every_version_has_its_way_to_todays():
    assert list(MIGRATIONS) == list(range(1, SCHEMA_VERSION))
    stored = {path.name for path in DATA.iterdir() if path.name.startswith("version_")}
    assert stored == {f"version_{number}" for number in MIGRATIONS}


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_a_newer_version_is_told_to_be_one(version, old):
    path = old / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": version}))
    with pytest.raises(RecordError, match=rf"version {version}, .* a newer version of the program"):
        read_record(path)
    assert run_state(old) is RunState.UNREADABLE


@pytest.mark.parametrize("version", [0, -1, "two", None, 1.5, [1]])
def test_what_is_no_version_is_refused(version, old):
    path = old / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": version}))
    with pytest.raises(RecordError, match="version"):
        read_record(path)


def test_a_migration_leaves_its_argument_alone(old):
    text = (old / RECORD_FILE).read_text()
    values = json.loads(text)
    assert migrate(values)["schema_version"] == SCHEMA_VERSION
    assert values == json.loads(text)


def test_what_was_asked_for_was_what_was_done(old):
    environment = json.loads((old / RECORD_FILE).read_text())["environment"]
    assert "execution_asked" not in environment
    assert read_record(old / RECORD_FILE).environment.execution_asked == environment["execution"]
