"""Every state of a run, and which one is told where several might be."""

import pytest

from ensemble_switchover.results.layout import FAILURE_FILE, checkpoint_folder, unfinished_folder
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.state import RunState, ended_state, failure_of, run_state
from ensemble_switchover.results.store import forget_unfinished, write_failure, write_record
from tests.factories import make_record


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "study" / "run"


def leave_checkpoint(folder, num_epochs=3):
    checkpoint_folder(folder).mkdir(parents=True, exist_ok=True)
    (checkpoint_folder(folder) / f"{num_epochs:06d}.checkpoint").touch()


def test_a_run_goes_through_its_states(folder):
    assert run_state(folder) is RunState.ABSENT
    with take_lock(unfinished_folder(folder)):
        assert run_state(folder) is RunState.RUNNING
        leave_checkpoint(folder)
        assert run_state(folder) is RunState.RUNNING
    assert run_state(folder) is RunState.INTERRUPTED
    assert ended_state(folder) is None
    with take_lock(unfinished_folder(folder)):
        assert run_state(folder) is RunState.RUNNING
        write_record(folder, make_record())
        assert run_state(folder) is RunState.FINISHED
        forget_unfinished(folder)
    assert run_state(folder) is RunState.FINISHED
    assert not unfinished_folder(folder).exists()


def test_a_failed_run_that_is_tried_again_is_running(folder):
    write_failure(folder, "run", "no more")
    leave_checkpoint(folder)
    assert run_state(folder) is RunState.FAILED
    with take_lock(unfinished_folder(folder)):
        assert run_state(folder) is RunState.RUNNING
        assert ended_state(folder) is RunState.FAILED
    assert run_state(folder) is RunState.FAILED


def test_a_run_that_was_stopped_before_its_first_checkpoint_is_absent(folder):
    with take_lock(unfinished_folder(folder)):
        checkpoint_folder(folder).mkdir(parents=True)
        (checkpoint_folder(folder) / "000001.part").touch()
    assert run_state(folder) is RunState.ABSENT


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_a_failure_that_cannot_be_read_is_one_still(content, folder):
    folder.mkdir(parents=True)
    (folder / FAILURE_FILE).write_text(content)
    assert run_state(folder) is RunState.FAILED
    assert failure_of(folder) == f"unknown: {folder / FAILURE_FILE} cannot be read"
