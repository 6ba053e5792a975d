from dataclasses import replace

import pytest
import torch

from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.training.epoch_result import (
    EpochResult,
    MemberState,
    finite_runs,
    finite_softmax,
    join,
)


def part(num_members, member_peaks, **figures):
    return EpochResult(
        epoch=3,
        warm_up=False,
        learning_rate=0.1,
        member_training_seconds=[1.0] * num_members,
        evaluation_seconds=0.5,
        peak=PeakMemory(device_bytes=10, reserved_bytes=20, rss_bytes=30),
        member_peak_device_bytes=member_peaks,
        **{
            "step_losses": torch.zeros(num_members, 2),
            "members": [MemberState(network={}, optimizer={}, scaler={})] * num_members,
            "logits": torch.zeros(num_members, 5, 2),
            "training_seconds": 1.0,
            "compile_seconds": 0.0,
            "waiting_share": 0.0,
            **figures,
        },
    )


def test_members_peaks_are_told_only_if_every_member_has_one():
    assert join([part(1, [5]), part(2, [6, 7])]).member_peak_device_bytes == [5, 6, 7]
    # two members that train at once have none of their own, a third by itself has
    assert join([part(2, []), part(1, [7])]).member_peak_device_bytes == []


def test_side_by_side_the_slowest_and_the_most_disturbed_count():
    joined = join(
        [
            part(1, [], training_seconds=2.0, compile_seconds=7.0, waiting_share=0.1),
            part(1, [], training_seconds=3.0, compile_seconds=6.0, waiting_share=0.4),
        ]
    )
    assert (joined.training_seconds, joined.compile_seconds, joined.waiting_share) == (
        3.0,
        7.0,
        0.4,
    )
    assert joined.peak == PeakMemory(device_bytes=10, reserved_bytes=20, rss_bytes=60)


def test_an_epoch_that_was_not_evaluated_has_no_probabilities_of_any_member():
    joined = join([part(1, [], logits=None), part(2, [], logits=None)])
    assert joined.probabilities is None
    assert joined.step_losses.shape == (3, 2)
    assert join([part(1, []), part(2, [])]).probabilities.shape == (3, 5, 2)


def test_a_run_whose_weights_a_lost_neighbour_spoiled_is_lost_too():
    def states(*weights):
        return [
            MemberState(network={"weight": torch.tensor([float(weight)])}, optimizer={}, scaler={})
            for weight in weights
        ]

    nan = float("nan")
    losses = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, nan], [1.0, 1.0]])
    result = part(4, [], step_losses=losses, logits=None, members=states(1, nan, nan, 1))
    assert finite_runs(result, 2) == [False, False]
    assert finite_runs(result, 1) == [True, False, False, True]
    evaluated = replace(result, logits=torch.tensor([[[1.0]], [[1.0]], [[1.0]], [[nan]]]))
    assert finite_runs(evaluated, 1) == [True, False, False, False]
    assert finite_runs(part(2, [], members=states(1, 1)), 1) == [True, True]


def test_logarithms_keep_what_probabilities_in_single_precision_lose():
    logits = torch.tensor([[[0.0, -40.0, -200.0]]])
    result = part(1, [], logits=logits)
    assert result.probabilities.tolist() == [[[1.0, pytest.approx(4.2483e-18), 0.0]]]
    expected = logits.double().log_softmax(dim=-1)
    torch.testing.assert_close(result.log_probabilities.double(), expected, rtol=1e-6, atol=1e-7)
    assert part(1, [], logits=None).log_probabilities is None


def test_a_probability_of_0_is_finite_and_its_logarithm_need_not_be():
    inf = float("inf")
    logits = torch.tensor([[[0.0, -inf]], [[0.0, inf]], [[-inf, -inf]], [[float("nan"), 0.0]]])
    finite = logits.softmax(dim=-1).isfinite().flatten(1).all(dim=1)
    assert finite_softmax(logits).tolist() == finite.tolist() == [True, False, False, False]
