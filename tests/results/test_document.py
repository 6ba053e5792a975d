"""Reading the JSON document of a record."""

import json
from dataclasses import replace

import pytest

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.layout import (
    RECORD_FILE,
)
from ensemble_switchover.results.record import SCHEMA_VERSION
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import (
    read_record,
    read_records,
    write_record,
)
from tests.factories import make_record, write_signed


def test_a_record_of_before_a_field_was_there_can_be_read(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    content = json.loads(path.read_text())
    del content["environment"]["residence"]
    for field in ("options", "validation_size", "evaluated_on", "randaugment_ops"):
        del content["dataset"][field]
    write_signed(path, content)
    record = read_record(path)
    assert record.environment.residence == "device"
    assert record == make_record()


def test_a_summary_without_a_measure_that_every_record_has_is_refused(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    content = json.loads(path.read_text())
    del content["summary"]["quality"]["error_percent"]
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match=r"record\.json: summary: no error_percent"):
        read_document(tmp_path / "run")
    assert run_state(tmp_path / "run") is RunState.UNREADABLE


@pytest.mark.parametrize("place", range(0, 3000, 250))
def test_a_digit_that_was_changed_since_is_no_other_result(place, tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    text = path.read_text()
    place = next(i for i in range(place + 120, len(text)) if text[i].isdecimal())
    path.write_text(f"{text[:place]}{(int(text[place]) + 1) % 10}{text[place + 1 :]}")
    (entry,) = read_records(tmp_path).unreadable
    assert len(entry.reason.splitlines()) == 1
    assert run_state(tmp_path / "run") is RunState.UNREADABLE


def test_what_came_in_place_of_a_record_is_told_with_what_to_do(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    text = path.read_text()
    path.write_text(text.replace('"wall_seconds": ', '"wall_seconds": 1'))
    stated = json.loads(text)["sha256"]
    with pytest.raises(RecordError) as caught:
        read_document(tmp_path / "run")
    assert str(caught.value).startswith(
        f"{path}: changed since it was written: expected SHA-256 {stated[:16]}..., found "
    )
    assert str(caught.value).endswith(
        "put a copy of the original back, or remove the run's folder to train it again"
    )
    path.write_text(text.replace(f' "sha256": "{stated}",\n', ""))
    with pytest.raises(RecordError, match=r"changed since it was written"):
        read_document(tmp_path / "run")


def test_what_cannot_be_read_is_named(tmp_path):
    for name in ("good", "cut", "strange", "old"):
        write_record(tmp_path / name, replace(make_record(), name=name))
    cut = tmp_path / "cut" / RECORD_FILE
    cut.write_bytes(cut.read_bytes()[:500])
    strange = tmp_path / "strange" / RECORD_FILE
    content = json.loads(strange.read_text())
    content["design"]["k"] = "many"
    strange.write_text(json.dumps(content))
    old = tmp_path / "old" / RECORD_FILE
    today = f'"schema_version": {SCHEMA_VERSION}'
    old.write_text(old.read_text().replace(today, '"schema_version": 99'))

    found = read_records(tmp_path)

    assert [record.name for record in found.records] == ["good"]
    reasons = {entry.path.parent.name: entry.reason for entry in found.unreadable}
    assert set(reasons) == {"cut", "strange", "old"}
    assert "damaged" in reasons["cut"]
    assert "design.k" in reasons["strange"]
    assert "99" in reasons["old"]
