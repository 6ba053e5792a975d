"""Every operation, compared with torchvision's on single images, and the draws."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torchvision.transforms import InterpolationMode
from torchvision.transforms import RandAugment as OneByOne
from torchvision.transforms.autoaugment import _apply_op

from ensemble_switchover.data.randaugment import (
    OPERATIONS,
    RandAugment,
    draw_operations,
    transform,
)

NUM_CODES = 2 * len(OPERATIONS)


def varied_images(seed, batch, channels, height, width):
    """Make noise of several contrasts, ramps, few values, and constants."""
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, channels, height, width)
    noise = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    kinds = [
        noise,
        (noise * 0.3 + 90).to(torch.uint8),
        (noise > 128).to(torch.uint8) * 255,
        (torch.arange(height * width) % 256).to(torch.uint8).view(height, width).expand(shape),
        torch.full(shape, 137, dtype=torch.uint8),
        torch.where(noise > 250, noise, 0),
    ]
    return torch.stack([kinds[i % len(kinds)][i] for i in range(batch)])


def by_torchvision(image, codes, magnitude):
    space = OneByOne()._augmentation_space(31, image.shape[1:])
    for code in codes:
        name = OPERATIONS[code // 2]
        bins, signed = space[name]
        by = float(bins[magnitude]) if bins.ndim else 0.0
        by = -by if signed and code % 2 else by
        image = _apply_op(image, name, by, InterpolationMode.NEAREST, None)
    return image


def assert_as_torchvision(images, codes, magnitude):
    found = transform(images, codes, magnitude)
    assert found.dtype == torch.uint8
    assert found.shape == images.shape
    for position, (image, own) in enumerate(zip(images, codes.tolist(), strict=True)):
        expected = by_torchvision(image, own, magnitude)
        names = [OPERATIONS[code // 2] for code in own]
        assert torch.equal(found[position], expected), (names, magnitude, tuple(image.shape))


@pytest.mark.parametrize(("channels", "size"), [(3, 32), (1, 8), (3, 9)])
@pytest.mark.parametrize("code", range(NUM_CODES))
def test_each_operation_is_torchvisions_to_the_bit(code, channels, size):
    images = varied_images(code, 12, channels, size, size)
    for magnitude in (0, 1, 9, 14, 23, 30):
        assert_as_torchvision(images, torch.full((12, 1), code), magnitude)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 999),
    st.integers(1, 20),
    st.sampled_from([1, 3]),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 4),
    st.integers(0, 30),
)
def test_a_mixed_batch_is_torchvisions_to_the_bit(
    seed, batch, channels, height, width, num_operations, magnitude
):
    images = varied_images(seed, batch, channels, height, width)
    generator = torch.Generator().manual_seed(seed)
    drawn = draw_operations(RandAugment(num_operations, magnitude), batch, generator)
    assert_as_torchvision(images, drawn, magnitude)


def test_equalize_knows_the_images_whose_highest_value_holds_nearly_all():
    images = torch.full((1, 1, 20, 20), 200, dtype=torch.uint8)
    images[0, 0, 0, :5] = 3
    assert_as_torchvision(images, torch.tensor([[2 * OPERATIONS.index("Equalize")]]), 14)


def test_motions_move_by_known_pixels():
    image = torch.arange(1, 65, dtype=torch.uint8).view(1, 1, 8, 8)
    codes = torch.tensor([[2 * OPERATIONS.index("TranslateX")]])
    moved = transform(image, codes, 30)  # 150 / 331 of 8 pixels: 3
    assert torch.equal(moved[..., 3:], image[..., :5])
    assert not moved[..., :3].any()
    back = transform(image, codes + 1, 30)
    assert torch.equal(back[..., :5], image[..., 3:])


def test_colour_leaves_grey_images_alone():
    images = varied_images(0, 12, 1, 8, 8)
    codes = torch.full((12, 1), 2 * OPERATIONS.index("Color"))
    assert torch.equal(transform(images, codes, 30), images)


def test_the_given_images_stay_as_they_were():
    images = varied_images(0, 60, 3, 8, 8)
    kept = images.clone()
    transform(images, draw_operations(RandAugment(3, 30), 60, torch.Generator()), 30)
    assert torch.equal(images, kept)


def test_draws_are_uniform_and_independent():
    codes = draw_operations(RandAugment(2, 14), 60_000, torch.Generator().manual_seed(0))
    operations, signs = codes // 2, codes % 2
    for step in range(2):
        counts = torch.bincount(operations[:, step], minlength=len(OPERATIONS))
        assert len(counts) == len(OPERATIONS)
        assert stats.chisquare(counts.numpy()).pvalue > 0.001
    pairs = torch.bincount(operations[:, 0] * len(OPERATIONS) + operations[:, 1])
    assert stats.chisquare(pairs.numpy()).pvalue > 0.001
    neighbours = torch.bincount(operations[:-1, 0] * len(OPERATIONS) + operations[1:, 0])
    assert stats.chisquare(neighbours.numpy()).pvalue > 0.001
    by_sign = torch.bincount(operations[:, 0] * 2 + signs[:, 0])
    assert stats.chisquare(by_sign.numpy()).pvalue > 0.001


def test_the_generator_decides_the_draws():
    first, again, other = (
        draw_operations(RandAugment(), 50, torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("channels", [1, 3])
def test_a_gpu_gives_the_same(channels):
    images = varied_images(0, 280, channels, 32, 32)
    codes = (torch.arange(280) % NUM_CODES)[:, None]
    on_gpu = transform(images.cuda(), codes, 14)
    assert torch.equal(on_gpu.cpu(), transform(images, codes, 14))
