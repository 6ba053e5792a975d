"""Bytes of tensors that are alive."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from tests.planning.allocation import AllocationTracker


@pytest.fixture(params=["real", "fake"])
def tracker(request):
    tracker = AllocationTracker()
    if request.param == "fake":
        with FakeTensorMode(), tracker:
            yield tracker
    else:
        with tracker:
            yield tracker


def test_new_tensors_count_until_they_are_gone(tracker):
    first = torch.zeros(100)
    assert tracker.live_bytes == tracker.peak_bytes == 400
    second = torch.zeros(50, dtype=torch.float64)
    assert tracker.live_bytes == tracker.peak_bytes == 800
    del first
    assert (tracker.live_bytes, tracker.peak_bytes) == (400, 800)
    del second
    assert (tracker.live_bytes, tracker.peak_bytes) == (0, 800)


def test_views_share_their_storage(tracker):
    whole = torch.zeros(10, 10)
    part, flat, turned = whole[2:4], whole.view(100), whole.t()
    assert tracker.live_bytes == 400
    del whole, part, turned
    assert tracker.live_bytes == 400  # the whole storage lives as long as any view of it
    del flat
    assert tracker.live_bytes == 0


def test_in_place_operations_take_nothing(tracker):
    tensor = torch.zeros(100)
    tensor.add_(1).mul_(2)
    tensor[3:7] = 5
    torch.add(tensor, 1, out=tensor)
    assert tracker.live_bytes == tracker.peak_bytes == 400


def test_what_lives_between_is_in_the_peak(tracker):
    tensor = torch.zeros(100)
    total = ((tensor + 1) * 2).sum()
    assert tracker.live_bytes == 404
    assert tracker.peak_bytes == 1200
    del total


def test_saved_tensors_count_until_the_backward_pass(tracker):
    weight = torch.zeros(100, requires_grad=True)
    result = (weight.exp() * 2).sum()  # exp saves its result
    assert tracker.live_bytes == 400 + 400 + 4
    result.backward()
    del result
    assert tracker.live_bytes == 800  # the weight and its gradient
    weight.grad = None
    assert tracker.live_bytes == 400


def test_several_results_of_one_operation_all_count(tracker):
    source = torch.zeros(100)
    values, indices = torch.sort(source)
    assert tracker.live_bytes == 400 + 400 + 800
    parts = torch.split(values, 10)
    assert len(parts) == 10
    assert tracker.live_bytes == 1600
    del indices


def test_tensors_from_before_count_once_they_take_part():
    before = torch.zeros(100)
    with AllocationTracker() as tracker:
        assert tracker.live_bytes == 0
        tracker.note(before)
        tracker.note(before)
        view = before[:10]
        assert tracker.live_bytes == 400
    assert view.shape == (10,)


def test_many_short_lives_leave_nothing(tracker):
    for size in range(1, 200):
        torch.zeros(size)
    assert tracker.live_bytes == 0
    assert tracker.peak_bytes == 4 * 199
