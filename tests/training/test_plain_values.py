"""The result of an epoch as bytes and back."""

import torch

from ensemble_switchover.measurement.memory import PeakMemory
from ensemble_switchover.training.epoch_result import EpochResult, MemberState
from ensemble_switchover.training.plain_values import dump_epoch_result, load_epoch_result


def test_what_is_dumped_is_loaded():
    result = EpochResult(
        epoch=3, warm_up=False, learning_rate=0.1,
        step_losses=torch.rand(2, 4), logits=torch.rand(2, 5, 2),
        training_seconds=2.0, member_training_seconds=[1.0, 1.0], compile_seconds=0.0,
        evaluation_seconds=0.5, waiting_share=0.1,
        peak=PeakMemory(device_bytes=None, reserved_bytes=None, rss_bytes=30),
        member_peak_device_bytes=[],
        members=[MemberState(network={"w": torch.ones(2)}, optimizer={}, scaler={})],
    )  # fmt: skip
    loaded = load_epoch_result(dump_epoch_result(result))
    assert torch.equal(loaded.step_losses, result.step_losses)
    assert torch.equal(loaded.logits, result.logits)
    assert torch.equal(loaded.members[0].network["w"], torch.ones(2))
    assert (loaded.peak, loaded.training_seconds) == (result.peak, result.training_seconds)
