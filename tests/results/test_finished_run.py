"""A run's record where its weights are kept, and otherwise one sentence on why not."""

import shlex
import shutil

import pytest

from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import plain
from ensemble_switchover.errors import RecordError
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.results.from_run_spec import spec_facts
from ensemble_switchover.results.layout import (
    RECORD_FILE,
    WEIGHTS_FILE,
    checkpoint_folder,
    unfinished_folder,
)
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.store import write_description, write_failure, write_record
from tests.factories import make_record


def why_none(folder):
    with pytest.raises(RecordError) as caught:
        read_record_with_weights(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "study" / "run"
    write_record(folder, make_record(), {WEIGHTS_FILE: b"weights"})
    return folder


def test_the_record_is_read_where_the_weights_are_kept(folder):
    assert read_record_with_weights(folder).design.k == 1
    (folder / WEIGHTS_FILE).unlink()
    assert "the run kept no weights; to train it again, repeat its overrides" in why_none(folder)


def absent(folder):
    shutil.rmtree(folder)


def without_record(folder):
    (folder / RECORD_FILE).unlink()


def damaged_record(folder):
    (folder / RECORD_FILE).write_text("{")


def failed(folder):
    shutil.rmtree(folder)
    write_failure(folder, "run", "member 2 diverged")


def unfinished(folder):
    shutil.rmtree(folder)
    checkpoint_folder(folder).mkdir(parents=True)
    (checkpoint_folder(folder) / "000007.checkpoint").touch()


def begun(folder):
    shutil.rmtree(folder)
    unfinished_folder(folder).mkdir(parents=True)


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (absent, "run: no such folder; expected the folder of a run, with record.json in it"),
        (without_record, "no record.json in it; expected the folder of one finished run"),
        (damaged_record, "not a record"),
        (failed, "the run failed: member 2 diverged"),
        (unfinished, "the run is not finished: 7 epochs done; to go on: the command that began it"),
        (begun, "the run is not finished: 0 epochs done; to go on: the command that began it"),
    ],
)
def test_why_there_is_no_ensemble_is_one_sentence(prepare, sentence, folder):
    prepare(folder)
    assert sentence in why_none(folder)


def test_the_command_that_goes_on_with_a_run_is_told(tiny_spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec, config = tiny_spec("study='a b, c'", "epochs=9", "seed=3", "budget.depth=8")
    write_description(spec.folder, {**spec_facts(spec), "config": plain(config)})
    folder = checkpoint_folder(spec.folder)
    folder.mkdir()
    (folder / "000002.checkpoint").touch()
    begin, _, command = why_none(spec.folder).partition("; to go on: ")
    assert begin == f"{spec.folder}: the run is not finished: 2 of 9 epochs are done"
    python, module, name, *overrides = shlex.split(command)
    assert [python, module, name] == ["python", "-m", "ensemble_switchover"]
    ((_, (again,)),) = compose_overrides(overrides)
    assert resolve(again).folder == spec.folder
    assert again.logger.kind == "none"


def test_who_works_on_a_run_is_told(tmp_path):
    folder = tmp_path / "study" / "run"
    with take_lock(unfinished_folder(folder)) as lock:
        sentence = why_none(folder)
    assert f"0 epochs done; {lock.owner}" in sentence
    assert sentence.endswith("is at it")
