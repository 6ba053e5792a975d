"""Sets of images and their subsets."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.normalisation import Normalisation, pixel_moments


def make_images(size=50):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (size, 3, 6, 6), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(size))


@pytest.mark.parametrize("chosen", [np.arange(50), np.array([3, 4, 40]), np.array([9])])
def test_normalisation_by_moments_is_that_of_the_pixels(chosen):
    data = make_images()
    data.images[:, 1] = 77  # a constant channel
    known = replace(data, moments=pixel_moments(data.images.numpy())).subset(chosen)
    by_moments = Normalisation.of(known.images, known.moments)
    by_pixels = Normalisation.of(known.images)
    assert torch.equal(by_moments.mean, by_pixels.mean)
    assert torch.equal(by_moments.deviation, by_pixels.deviation)
    assert by_moments.deviation[1] == 1
