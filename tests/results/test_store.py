import gc
import hashlib
import json
import os
import shutil
from dataclasses import replace
from datetime import datetime

import polars
import pytest
import yaml

from ensemble_switchover.errors import RecordError
from ensemble_switchover.results import store
from ensemble_switchover.results.epoch_metrics import ALWAYS_MEASURED, not_evaluated
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    EPOCHS_FILE,
    FAILURE_FILE,
    RECORD_FILE,
    UNFINISHED_FOLDER,
)
from ensemble_switchover.results.run_table import list_runs
from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.results.store import (
    read_attachment,
    read_record,
    read_records,
    write_failure,
    write_record,
)
from tests.factories import make_record, write_signed


def left_in(folder):
    """Name what is in a folder, but for an empty one of unfinished runs."""
    unfinished = folder / UNFINISHED_FOLDER
    assert not unfinished.exists() or not list(unfinished.iterdir())
    return {path.name for path in folder.iterdir()} - {UNFINISHED_FOLDER}


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
    assert left_in(tmp_path) == {"run"}


def test_nothing_but_the_run_is_left(tmp_path):
    write_record(tmp_path / "study" / "run", make_record())
    assert left_in(tmp_path / "study") == {"run"}
    assert left_in(tmp_path / "study" / "run") == {RECORD_FILE, EPOCHS_FILE, CONFIG_FILE}


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_record(tmp_path / "run", make_record())
    assert left_in(tmp_path) == set()


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


def test_an_absent_folder_is_one_sentence(tmp_path):
    with pytest.raises(RecordError, match="no such folder"):
        read_records(tmp_path / "absent")


def test_a_record_that_is_there_stays(tmp_path):
    first, second = make_record(seed=0), make_record(seed=1)
    write_record(tmp_path / "run", first)
    write_record(tmp_path / "run", second)
    assert read_record(tmp_path / "run" / RECORD_FILE) == first
    (tmp_path / "run" / RECORD_FILE).write_text("{")
    with pytest.raises(RecordError, match="damaged"):
        write_record(tmp_path / "run", second)
    assert (tmp_path / "run" / RECORD_FILE).read_text() == "{"


def test_further_files_are_kept_with_their_checksums(tmp_path):
    content = bytes(range(256)) * 40
    write_record(tmp_path / "run", make_record(), {"predictions.npz": content})
    assert read_attachment(tmp_path / "run", "predictions.npz") == content
    with pytest.raises(RecordError, match=r"has no weights\.pt"):
        read_attachment(tmp_path / "run", "weights.pt")
    (tmp_path / "run" / "predictions.npz").write_bytes(content[:-1] + b"x")
    with pytest.raises(RecordError, match=r"predictions\.npz: damaged or replaced: expected"):
        read_attachment(tmp_path / "run", "predictions.npz")


@pytest.mark.parametrize("name", ["../up", ".hidden", "", "a/b", RECORD_FILE, EPOCHS_FILE])
def test_a_further_file_has_a_plain_name_of_its_own(name, tmp_path):
    with pytest.raises(ValueError, match="name"):
        write_record(tmp_path / "run", make_record(), {name: b"x"})
    assert left_in(tmp_path) == set()


def test_a_record_that_names_files_elsewhere_is_refused(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    path.write_text(path.read_text().replace(f'"{CONFIG_FILE}"', '"../../secret"'))
    with pytest.raises(RecordError, match="no plain name"):
        read_record(path)


def test_epochs_are_in_parquet_alone_and_any_reader_finds_the_units(tmp_path):
    record = make_record(design_class="deq", test_errors=[50.0, 25.0])
    write_record(tmp_path / "run", record)
    assert "epochs" not in json.loads((tmp_path / "run" / RECORD_FILE).read_text())
    frame = polars.read_parquet(tmp_path / "run" / EPOCHS_FILE)
    assert frame["error_percent"].to_list() == [50.0, 25.0]
    assert frame["member_error_percent"].to_list() == [[52.0] * 4, [27.0] * 4]
    assert {"nll_nats", "train_loss_nats", "training_seconds", "peak_rss_bytes"} < set(
        frame.columns
    )


@pytest.mark.parametrize("damage", ["cut", "changed", "absent", "another"])
def test_a_damaged_table_of_epochs_is_named_and_the_others_are_read(damage, tmp_path):
    for number in range(5):
        write_record(tmp_path / f"run{number}", make_record(seed=number))
    path = tmp_path / "run2" / EPOCHS_FILE
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "changed":
        path.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    elif damage == "absent":
        path.unlink()
    else:  # with a right checksum, but no table
        other = b"no table at all"
        path.write_bytes(other)
        record = tmp_path / "run2" / RECORD_FILE
        values = json.loads(record.read_text())
        digest = hashlib.sha256(other).hexdigest()
        values["files"][EPOCHS_FILE] = {"bytes": len(other), "sha256": digest}
        write_signed(record, values)
    found = read_records(tmp_path)
    assert [record.seed for record in found.records] == [0, 1, 3, 4]
    assert all(len(record.epochs) == 3 for record in found.records)
    (bad,) = found.unreadable
    assert bad.path == path
    assert str(path) in bad.reason
    if damage != "another":
        assert run_state(tmp_path / "run2") is RunState.UNREADABLE


def test_records_are_read_in_batches_as_one_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BATCH_SIZE", 3)
    expected = [make_record(seed=seed, test_errors=[9.0] * (1 + seed % 4)) for seed in range(10)]
    for number, record in enumerate(expected):
        write_record(tmp_path / f"run{number}", record)
    assert read_records(tmp_path).records == expected
    assert gc.isenabled()


def test_what_is_hidden_or_inside_a_run_is_no_run(tmp_path):
    write_record(tmp_path / "study" / "run", make_record(name="run"))
    for place in (".trash/run", "study/run/copy"):
        shutil.copytree(tmp_path / "study" / "run", tmp_path / place)
    assert len(read_records(tmp_path).records) == 1
    assert len(read_records(tmp_path / "study" / "run").records) == 1


def test_a_failure_says_what_failed_and_when(tmp_path):
    write_failure(tmp_path / "run", "run", "no more", config={"seed": 3})
    values = json.loads((tmp_path / "run" / FAILURE_FILE).read_text())
    assert values["error"] == "no more"
    assert datetime.fromisoformat(values["failed_at"]).tzinfo is not None
    assert yaml.safe_load((tmp_path / "run" / CONFIG_FILE).read_text()) == {"seed": 3}
    write_record(tmp_path / "run", make_record())
    assert left_in(tmp_path / "run") == {RECORD_FILE, EPOCHS_FILE, CONFIG_FILE}


def test_a_further_file_that_was_removed_costs_no_record(tmp_path):
    write_record(tmp_path / "run", make_record(), {"weights.safetensors": b"x" * 99})
    (tmp_path / "run" / "weights.safetensors").unlink()
    assert read_records(tmp_path).records == [make_record()]
    assert run_state(tmp_path / "run") is RunState.FINISHED
    assert list_runs(tmp_path)["state"].to_list() == ["finished"]


def test_a_file_of_the_users_in_a_failed_runs_folder_stays_beside_the_record(tmp_path):
    record = make_record()
    folder = tmp_path / record.name
    store.write_failure(folder, record.name, "out of memory")
    (folder / "notes.txt").write_text("tried with a larger card")
    source = tmp_path / "big"
    source.write_bytes(b"many predictions")

    write_record(folder, record, {"predictions.npz": source})

    assert read_record(folder / "record.json") == record
    assert store.read_attachment(folder, "predictions.npz") == b"many predictions"
    assert (folder / "notes.txt").read_text() == "tried with a larger card"
    assert not (folder / "failure.json").exists()
    assert source.exists()


def test_files_are_copied_where_a_second_name_cannot_be_had(tmp_path, monkeypatch):
    def refused(source, place):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    record = make_record()
    source = tmp_path / "big"
    source.write_bytes(b"many predictions")
    write_record(tmp_path / record.name, record, {"predictions.npz": source})
    content = store.read_attachment(tmp_path / record.name, "predictions.npz")
    assert content == b"many predictions"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"error_percent": None},
            "error_percent: absent after epoch 2; expected error_percent, nll",
        ),
        ({"brier": None}, "brier: absent after epoch 2; expected error_percent, nll_nats, brier"),
        (
            {**not_evaluated(), "member_error_percent": [5.0]},
            "member_error_percent: 1 values after epoch 2",
        ),
        (not_evaluated(), None),
    ],
)
def test_an_epoch_is_evaluated_or_it_is_not(change, message, tmp_path):
    record = make_record()
    first, second, last = record.epochs
    write_record(tmp_path / "run", replace(record, epochs=[first, replace(second, **change), last]))
    found = read_records(tmp_path)
    assert len(found.records) == (message is None)
    for unreadable in found.unreadable:
        assert message in unreadable.reason


def test_a_record_whose_last_epoch_was_not_evaluated_is_unreadable(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / EPOCHS_FILE
    absent = [polars.lit(None, polars.Float64).alias(name) for name in ALWAYS_MEASURED]
    empty = polars.lit([], polars.List(polars.Float64)).alias("member_error_percent")
    polars.read_parquet(path).with_columns(*absent, empty).write_parquet(path)
    record = tmp_path / "run" / RECORD_FILE
    values = json.loads(record.read_text())
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    values["files"][EPOCHS_FILE] = {"bytes": len(content), "sha256": digest}
    write_signed(record, values)
    (unreadable,) = read_records(tmp_path).unreadable
    assert unreadable.reason.endswith(
        "error_percent: absent after epoch 3, the last; expected an evaluated one"
    )
