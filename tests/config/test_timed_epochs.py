"""Which steps a timing pass trains."""

import pytest

from ensemble_switchover.config import timed_epochs as module
from ensemble_switchover.config.timed_epochs import timed_epochs


@pytest.fixture(autouse=True)
def _ten_steps_at_least(monkeypatch):
    monkeypatch.setattr(module, "LEAST_STEPS", 10)


def test_few_steps_are_repeated_until_enough_are_timed(tiny_spec):
    timed, whole = timed_epochs(tiny_spec("recipe.batch_size=8")[0])
    assert (timed.warm_up_steps, timed.steps, timed.num_timed, whole) == (2, 5, 2, 5)
    assert timed.all_steps == 12
    assert [timed.steps_in(epoch) for epoch in range(3)] == [2, 5, 5]


def test_a_long_epoch_is_timed_in_part(tiny_spec, monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 4)
    timed, whole = timed_epochs(tiny_spec("recipe.batch_size=8")[0])
    assert (timed.steps, timed.num_timed, whole) == (4, 3, 5)
