"""The items of the training loop hold every step once, whatever number of them is taken at once."""

import pytest

from ensemble_switchover.config.timed_epochs import TimedEpochs
from ensemble_switchover.data.steps import TrainingSteps
from tests.data.test_batches import make_batches, numbered_images

GROUPS = ((0, 2), (1,))
TIMED = TimedEpochs(warm_up_steps=2, steps=4, num_timed=1)


@pytest.mark.parametrize("timed", [None, TIMED])
@pytest.mark.parametrize("at_once", [None, 1, 2, 3, 5, 99])
def test_every_step_is_in_one_item(at_once, timed):
    batches = make_batches(numbered_images(18), GROUPS)  # five a group
    expected = [batches.group_batches(group, 0) for group in GROUPS]
    items = TrainingSteps(batches, at_once, timed)
    num_steps = 5 if timed is None else 2
    size = at_once or num_steps
    sizes = [min(size, num_steps - start) for start in range(0, num_steps, size)]
    assert len(items) == 2 * len(sizes)
    found = []
    for item in items:
        taken = list(item.batches())
        assert (item.batch is not None) == (at_once == 1)
        found.append((item.members, item.start, item.is_last, len(taken)))
        reference = expected[GROUPS.index(item.members)]
        for batch in taken:
            assert batch.members == item.members
            assert batch.labels.equal(next(reference).labels)
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    assert found == [
        (group, start, start + taken == num_steps, taken)
        for group in GROUPS
        for start, taken in zip(starts, sizes, strict=True)
    ]


def test_batches_are_made_when_they_are_taken(monkeypatch):
    batches, made = make_batches(numbered_images(18), ((0,),)), []
    original = type(batches).group_batches

    def noted(self, group, epoch):
        for batch in original(self, group, epoch):
            made.append(batch)
            yield batch

    monkeypatch.setattr(type(batches), "group_batches", noted)
    for item in TrainingSteps(batches, 2):
        assert len(made) == item.start
        for number, _ in enumerate(item.batches(), 1):
            assert len(made) == item.start + number
