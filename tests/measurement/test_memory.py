import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ensemble_switchover.data.batches import GroupEpoch
from ensemble_switchover.measurement.memory import (
    PeakMemory,
    peak_rss_bytes,
    read_peaks,
    reset_peaks,
)
from ensemble_switchover.training import callbacks
from ensemble_switchover.training.callbacks import MemoryCallback

MIB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux resets the peak of a process")
def test_the_peak_is_seen_and_can_be_reset():
    device = torch.device("cpu")
    reset_peaks(device)
    before = peak_rss_bytes()
    block = np.ones(256 * MIB, dtype=np.uint8)
    with_block = read_peaks(device).rss_bytes
    assert with_block - before > 250 * MIB
    assert block.sum() == 256 * MIB
    del block
    assert peak_rss_bytes() >= with_block - MIB  # the peak stays
    reset_peaks(device)
    assert peak_rss_bytes() < with_block - 200 * MIB


def test_a_cpu_has_no_device_bytes():
    peaks = read_peaks(torch.device("cpu"))
    assert peaks.device_bytes is None
    assert peaks.reserved_bytes is None
    assert peaks.rss_bytes > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_tells_its_own_bytes():
    device = torch.device("cuda", 0)
    reset_peaks(device)
    before = read_peaks(device).device_bytes
    block = torch.ones(64 * MIB, dtype=torch.uint8, device=device)
    del block
    assert read_peaks(device).device_bytes - before >= 64 * MIB
    reset_peaks(device)
    assert read_peaks(device).device_bytes - before < MIB


@pytest.fixture
def epoch_of(monkeypatch):
    """Run the callback through an epoch whose groups reach the given bytes."""

    def make(peaks, num_members):
        module, ends, resets = SimpleNamespace(device=torch.device("cpu")), iter(peaks.values()), []
        monkeypatch.setattr(callbacks, "reset_peaks", resets.append)
        monkeypatch.setattr(callbacks, "read_peaks", lambda device: next(ends))
        callback = MemoryCallback(num_members)
        callback.on_train_epoch_start(None, module)
        for number, group in enumerate(peaks):
            batch = GroupEpoch(group, iter(()))
            callback.on_train_batch_start(None, module, batch, number)
            callback.on_train_batch_end(None, module, None, batch, number)
        assert len(resets) == len(peaks)
        return callback

    return make


def _peaks(device_bytes, rss_bytes):
    reserved = None if device_bytes is None else 2 * device_bytes
    return PeakMemory(device_bytes=device_bytes, reserved_bytes=reserved, rss_bytes=rss_bytes)


def test_the_peak_is_of_every_member_and_the_highest_of_the_epoch(epoch_of):
    callback = epoch_of({(0,): _peaks(50, 7), (1,): _peaks(80, 5), (2,): _peaks(60, 6)}, 3)
    assert callback.peak == _peaks(80, 7)
    assert callback.member_device_bytes == [50, 80, 60]


def test_members_that_train_at_once_have_no_peak_of_their_own(epoch_of):
    callback = epoch_of({(0, 1): _peaks(50, 7)}, 2)
    assert callback.peak == _peaks(50, 7)
    assert callback.member_device_bytes == []


def test_a_cpu_tells_of_no_member(epoch_of):
    callback = epoch_of({(0,): _peaks(None, 7), (1,): _peaks(None, 9)}, 2)
    assert callback.peak == _peaks(None, 9)
    assert callback.member_device_bytes == []
