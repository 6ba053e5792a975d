"""A run that this process holds."""

from contextlib import ExitStack

import pytest

from ensemble_switchover.errors import ConfigError, DivergenceError
from ensemble_switchover.results.layout import DESCRIPTION_FILE, LOG_FILE, unfinished_folder
from ensemble_switchover.results.lock import take_lock
from ensemble_switchover.results.state import RunState, failure_of, run_state
from ensemble_switchover.runner.held_run import HeldRun
from tests.factories import make_record


@pytest.fixture
def held(spec):
    resolved, config = spec
    with take_lock(unfinished_folder(resolved.folder)) as lock:
        yield HeldRun(resolved, config, lock)


def test_it_is_described_and_logged_until_its_record_is_written(held):
    folder = held.spec.folder
    with ExitStack() as stack:
        held.begin_in(stack)
        assert (unfinished_folder(folder) / DESCRIPTION_FILE).exists()
        held.files["note.txt"] = b"beside the record"
        held.write(make_record(name=held.spec.name), "test error 5 %")
    assert run_state(folder) is RunState.FINISHED
    assert (folder / "note.txt").read_bytes() == b"beside the record"
    assert "test error 5 %" in (folder / LOG_FILE).read_text()


def test_a_failure_of_the_training_is_kept_and_one_of_the_moment_is_not(held):
    with ExitStack() as stack:
        held.begin_in(stack)
        held.write_failure(ConfigError("device=cuda: this machine has none"))
        assert failure_of(held.spec.folder) is None or run_state(held.spec.folder) is not (
            RunState.FAILED
        )
        held.write_failure(DivergenceError("member 0: the loss is not finite"))
    assert failure_of(held.spec.folder) == "member 0: the loss is not finite"
    held.clean_up()
    assert not (unfinished_folder(held.spec.folder) / DESCRIPTION_FILE).exists()
