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
