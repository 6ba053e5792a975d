import sys

import numpy as np
import pytest
import torch

from ensemble_switchover.measurement.memory import (
    peak_rss_bytes,
    read_peaks,
    reset_peaks,
)

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


@pytest.mark.cuda
def test_a_gpu_tells_its_own_bytes():
    device = torch.device("cuda", 0)
    reset_peaks(device)
    before = read_peaks(device).device_bytes
    block = torch.ones(64 * MIB, dtype=torch.uint8, device=device)
    del block
    assert read_peaks(device).device_bytes - before >= 64 * MIB
    reset_peaks(device)
    assert read_peaks(device).device_bytes - before < MIB
