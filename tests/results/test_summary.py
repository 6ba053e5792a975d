"""A run's epochs in a few numbers."""

from dataclasses import replace

import pytest

from ensemble_switchover.results.summary import summarise_epochs
from tests.factories import make_record


def test_the_last_epoch_counts_and_the_warm_up_has_no_part_in_the_median():
    record = make_record(test_errors=(40.0, 20.0, 10.0, 12.0), epoch_seconds=(50.0, 1.0, 2.0, 9.0))
    summary = summarise_epochs(record.epochs)
    assert (summary.num_epochs, summary.error_percent) == (4, 12.0)
    assert summary.epoch_seconds == 2.0


def test_the_warm_up_alone_has_no_seconds_an_epoch():
    (epoch,) = make_record(test_errors=(40.0,)).epochs
    assert summarise_epochs([replace(epoch, warm_up=True)]).epoch_seconds is None
    with pytest.raises(ValueError, match="without epochs"):
        summarise_epochs([])


def test_epochs_without_evaluation_count_with_their_seconds_alone():
    epochs = make_record(
        design_class="deq", test_errors=(40.0, 20.0, 10.0, 12.0), evaluate_every="3"
    ).epochs
    summary = summarise_epochs(epochs)
    assert (summary.num_epochs, summary.error_percent) == (4, 12.0)
    assert summary.training_seconds == 5.0 + 3 * 4.0
    assert summary.mean_member_error_percent == 14.0
    with pytest.raises(ValueError, match="epoch 2, the last, has no error; expected an evaluated"):
        summarise_epochs(epochs[:2])
