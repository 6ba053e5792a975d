"""Whether images are kept on the device or on the host, and why."""

import pytest

from ensemble_switchover.config.image_placement import choose_residence


@pytest.mark.parametrize(
    ("asked", "device", "needed", "free", "location", "reason"),
    [
        ("auto", "cuda", 10, 20, "device", "at most half of"),
        ("auto", "cuda", 11, 20, "host", "more than half of"),
        ("auto", "cuda", 180_000_000, 8_000_000_000, "device",
         "180.0 MB of images, at most half of 8,000.0 MB free there"),
        ("auto", "mps", 11, 20, "host", "more than half of"),
        ("auto", "cpu", 10**15, None, "device", "the CPU computes where they are"),
        ("auto", "xpu", 10, None, "host", "does not report"),
        ("device", "cuda", 11, 20, "device", "as requested"),
        ("host", "cuda", 1, 20, "host", "as requested"),
        ("host", "cpu", 1, None, "host", "as requested"),
    ],
)  # fmt: skip
def test_the_choice_and_its_reason(asked, device, needed, free, location, reason):
    chosen = choose_residence(asked, device, needed, free)
    assert chosen.location == location
    assert reason in chosen.reason
