import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from random import Random

import pytest
import yaml

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.store import (
    CONFIG_FILE,
    RECORD_FILE,
    RunState,
    failure_of,
    read_record,
    read_records,
    run_state,
    write_failure,
    write_record,
)
from tests.factories import make_record

WRITER = """
import sys
from pathlib import Path
from ensemble_switchover.results.store import read_record, write_record
record = read_record(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(100000):
    write_record(Path(sys.argv[2]) / f"run{number}", record)
"""


def test_a_record_comes_back_as_it_was(tmp_path):
    record = make_record()
    write_record(tmp_path / "run", record)
    assert read_record(tmp_path / "run" / RECORD_FILE) == record
    assert yaml.safe_load((tmp_path / "run" / CONFIG_FILE).read_text()) == record.config
    assert run_state(tmp_path / "run") is RunState.FINISHED


def test_further_files_are_there_with_the_record_or_not_at_all(tmp_path, monkeypatch):
    write_record(tmp_path / "run", make_record(), {"weights.safetensors": b"\0\1"})
    assert (tmp_path / "run" / "weights.safetensors").read_bytes() == b"\0\1"
    assert run_state(tmp_path / "run") is RunState.FINISHED

    flush, flushed = os.fsync, []

    def full_disk(descriptor):
        flushed.append(descriptor)
        if len(flushed) == 3:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_record(tmp_path / "other", make_record(), {"weights.safetensors": b"\0\1"})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_nothing_but_the_run_is_left(tmp_path):
    write_record(tmp_path / "study" / "run", make_record())
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["run"]


def test_a_killed_writer_leaves_whole_records_or_none(tmp_path):
    source = tmp_path / "source"
    write_record(source, make_record())
    random = Random(0)
    for trial in range(12):
        study = tmp_path / f"study{trial}"
        study.mkdir()
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(source / RECORD_FILE), str(study)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0.0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        found = read_records(study)
        assert not found.unreadable
        folders = [path for path in study.iterdir() if path.name.startswith("run")]
        assert len(found.records) == len(folders)
        assert all((folder / CONFIG_FILE).is_file() for folder in folders)


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_record(tmp_path / "run", make_record())
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_noted_and_a_later_record_replaces_it(tmp_path):
    folder = tmp_path / "run"
    assert run_state(folder) is RunState.ABSENT
    write_failure(folder, "run", "member 2 diverged")
    assert run_state(folder) is RunState.FAILED
    assert failure_of(folder) == "member 2 diverged"
    assert read_records(tmp_path).records == []
    write_record(folder, make_record())
    assert run_state(folder) is RunState.FINISHED
    write_failure(folder, "run", "too late")
    assert run_state(folder) is RunState.FINISHED


def test_a_record_of_before_a_field_was_there_can_be_read(tmp_path):
    write_record(tmp_path, make_record())
    path = tmp_path / RECORD_FILE
    content = json.loads(path.read_text())
    del content["environment"]["residence"]
    for field in ("options", "validation_size", "evaluated_on", "randaugment_ops"):
        del content["dataset"][field]
    path.write_text(json.dumps(content))
    record = read_record(path)
    assert record.environment.residence == "device"
    assert record == make_record()


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
    old.write_text(old.read_text().replace('"schema_version": 1', '"schema_version": 99'))

    found = read_records(tmp_path)

    assert [record.name for record in found.records] == ["good"]
    reasons = {entry.path.parent.name: entry.reason for entry in found.unreadable}
    assert set(reasons) == {"cut", "strange", "old"}
    assert "damaged" in reasons["cut"]
    assert "design.k" in reasons["strange"]
    assert "99" in reasons["old"]


def test_an_absent_folder_is_one_sentence(tmp_path):
    with pytest.raises(RecordError, match="no such folder"):
        read_records(tmp_path / "absent")
