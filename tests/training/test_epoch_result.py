import torch

from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.training.epoch_result import EpochResult, MemberState, join


def part(num_members, member_peaks, **figures):
    return EpochResult(
        epoch=3,
        warm_up=False,
        step_losses=torch.zeros(num_members, 2),
        member_training_seconds=[1.0] * num_members,
        evaluation_seconds=0.5,
        peak=PeakMemory(device_bytes=10, reserved_bytes=20, rss_bytes=30),
        member_peak_device_bytes=member_peaks,
        members=[MemberState(network={}, optimizer={}, scaler={})] * num_members,
        **{
            "probabilities": torch.zeros(num_members, 5, 2),
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
    joined = join([part(1, [], probabilities=None), part(2, [], probabilities=None)])
    assert joined.probabilities is None
    assert joined.step_losses.shape == (3, 2)
    assert join([part(1, []), part(2, [])]).probabilities.shape == (3, 5, 2)
