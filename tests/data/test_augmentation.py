"""Crop and flip, compared with torchvision's on single images, and the draws."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as torchvision

from ensemble_switchover.data.augmentation import (
    Augmentation,
    AugmentationDraws,
    augment,
    crop_and_flip,
    draw_augmentation,
)
from ensemble_switchover.data.randaugment import RandAugment, transform


def random_images(seed, batch, channels, height, width):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, channels, height, width)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 99),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 4),
    st.booleans(),
)
def test_every_image_is_cropped_and_flipped_as_by_torchvision(
    seed, batch, channels, height, width, padding, flip
):
    images = random_images(seed, batch, channels, height, width)
    generator = torch.Generator().manual_seed(seed)
    draws = draw_augmentation(Augmentation(padding, flip), batch, generator)
    augmented = crop_and_flip(images, draws, padding)
    assert augmented.dtype == torch.uint8
    assert augmented.shape == images.shape
    for position in range(batch):
        top, left = draws.offsets[position].tolist()
        expected = torchvision.pad(images[position], [padding] * 4)
        expected = torchvision.crop(expected, top, left, height, width)
        if draws.flips[position]:
            expected = torchvision.horizontal_flip(expected)
        assert torch.equal(augmented[position], expected)


@pytest.mark.parametrize("padding", [0, 1, 4])
def test_draws_cover_all_offsets_evenly_and_both_flips(padding):
    num_offsets = (2 * padding + 1) ** 2
    size = 100 * num_offsets
    draws = draw_augmentation(
        Augmentation(padding, flip=True), size, torch.Generator().manual_seed(0)
    )
    pairs, counts = torch.unique(draws.offsets, dim=0, return_counts=True)
    assert len(pairs) == num_offsets
    assert (int(pairs.min()), int(pairs.max())) == (0, 2 * padding)
    # Poisson-like counts about 100: five standard deviations
    assert counts.min() >= 50
    assert counts.max() <= 150 or padding == 0
    share = draws.flips.double().mean()
    assert abs(share - 0.5) < 5 * 0.5 / size**0.5


def test_every_image_has_its_own_draw():
    draws = draw_augmentation(Augmentation(4, flip=True), 50, torch.Generator().manual_seed(0))
    rows, columns = draws.offsets.unbind(dim=1)
    assert len(torch.unique(rows)) > 5
    assert not torch.equal(rows, columns)
    assert 0 < draws.flips.sum() < 50


def test_the_middle_crop_without_a_flip_changes_nothing():
    images = random_images(0, 3, 2, 5, 7)
    middle = AugmentationDraws(torch.full((3, 2), 4), torch.zeros(3, dtype=torch.bool))
    assert torch.equal(crop_and_flip(images, middle, 4), images)


def test_without_flip_no_image_is_flipped_and_the_offsets_stay():
    with_flip = draw_augmentation(Augmentation(4, flip=True), 200, torch.Generator().manual_seed(5))
    without = draw_augmentation(Augmentation(4, flip=False), 200, torch.Generator().manual_seed(5))
    assert not without.flips.any()
    assert torch.equal(with_flip.offsets, without.offsets)


def test_the_generator_decides_the_draws():
    first, again, other = (
        draw_augmentation(Augmentation(4, flip=True), 100, torch.Generator().manual_seed(seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first.offsets, again.offsets)
    assert torch.equal(first.flips, again.flips)
    assert not torch.equal(first.offsets, other.offsets)
    assert not torch.equal(first.flips, other.flips)


def test_a_selection_of_draws_augments_its_images_alike():
    images = random_images(0, 10, 1, 8, 8)
    draws = draw_augmentation(Augmentation(2, flip=True), 10, torch.Generator().manual_seed(0))
    whole = crop_and_flip(images, draws, 2)
    assert torch.equal(crop_and_flip(images[3:7], draws.select(3, 7), 2), whole[3:7])


def test_operations_come_before_the_crop_and_leave_its_draws_alone():
    images = random_images(0, 40, 3, 8, 8)
    plain, with_operations = Augmentation(2, True), Augmentation(2, True, RandAugment(2, 14))
    crops = draw_augmentation(plain, 40, torch.Generator().manual_seed(3))
    draws = draw_augmentation(with_operations, 40, torch.Generator().manual_seed(3))
    assert torch.equal(draws.offsets, crops.offsets)
    assert torch.equal(draws.flips, crops.flips)
    operated = transform(images, draws.codes, 14)
    assert not torch.equal(operated, images)
    expected = crop_and_flip(operated, crops, 2)
    assert torch.equal(augment(images, draws, with_operations), expected)
    assert torch.equal(augment(images, crops, plain), crop_and_flip(images, crops, 2))


def test_a_selection_of_draws_operates_alike():
    images, augmentation = random_images(0, 30, 1, 8, 8), Augmentation(1, False, RandAugment(2, 9))
    draws = draw_augmentation(augmentation, 30, torch.Generator().manual_seed(0))
    whole = augment(images, draws, augmentation)
    for start, stop in ((0, 7), (7, 30), (29, 30)):
        part = augment(images[start:stop], draws.select(start, stop), augmentation)
        assert torch.equal(part, whole[start:stop])
