"""Operations on colours, on pixels whose result is known."""

import torch

from ensemble_switchover.data.randaugment.colour import autocontrast, posterize, solarize


def pixels(*values):
    return torch.tensor(values, dtype=torch.uint8).view(1, 1, 1, -1)


def test_posterize_keeps_the_highest_bits():
    assert torch.equal(posterize(pixels(255, 129, 64, 3), 2), pixels(192, 128, 64, 0))


def test_solarize_inverts_from_the_threshold_on():
    assert torch.equal(solarize(pixels(0, 127, 128, 255), 128.0), pixels(0, 127, 127, 0))


def test_autocontrast_spreads_values_and_leaves_a_constant_channel_alone():
    assert torch.equal(autocontrast(pixels(50, 75, 100)), pixels(0, 127, 255))
    assert torch.equal(autocontrast(pixels(7, 7)), pixels(7, 7))
