"""How far a run has come, by the log that a run writes."""

import logging

from ensemble_switchover.results.epoch_log import TAIL_BYTES, epochs_logged
from ensemble_switchover.results.layout import unfinished_folder
from ensemble_switchover.runner.active_run import _epoch_line
from ensemble_switchover.runner.run_log import RunLog
from tests.factories import make_record


def log_into(folder, *lines):
    unfinished_folder(folder).mkdir(parents=True, exist_ok=True)
    log = RunLog(folder)
    for line in lines:
        log.handle(logging.makeLogRecord({"msg": line}))


def test_the_last_line_of_an_epoch_counts(tmp_path):
    folder = tmp_path / "run"
    assert epochs_logged(folder) is None
    log_into(folder, "training begins: epoch 9/9  of something else")
    assert epochs_logged(folder) is None
    epochs = make_record(test_errors=[12.0, 11.0, 10.0]).epochs
    log_into(folder, *(_epoch_line(epoch, 14, "test") for epoch in epochs))
    assert epochs_logged(folder) == (3, 14)
    log_into(folder, "a remark")
    assert epochs_logged(folder) == (3, 14)


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    folder = tmp_path / "run"
    epoch = make_record(test_errors=[12.0]).epochs[0]
    log_into(folder, _epoch_line(epoch, 5, "test"), "-" * 2 * TAIL_BYTES)
    assert epochs_logged(folder) is None
    log_into(folder, _epoch_line(epoch, 5, "test"))
    assert epochs_logged(folder) == (1, 5)
