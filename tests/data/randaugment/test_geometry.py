"""Motions of images, by a known number of pixels."""

import torch

from ensemble_switchover.data.randaugment.geometry import move
from ensemble_switchover.data.randaugment.operations import GEOMETRIC, Magnitudes


def test_a_translation_moves_every_channel_and_fills_with_black():
    images = torch.arange(1, 2 * 32 * 32 + 1).remainder(250).add(1).to(torch.uint8)
    images = images.view(1, 2, 32, 32)
    by = int(Magnitudes.of(10, 32, 32).translate_x)
    assert by > 0
    right = move(images, torch.tensor([2 * list(GEOMETRIC).index("TranslateX")]), 10)
    assert torch.equal(right[..., by:], images[..., :-by])
    assert not right[..., :by].any()
