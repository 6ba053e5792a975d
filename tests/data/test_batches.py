"""The batches of every member, compared with the arrays that they come from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import functional as torchvision

from ensemble_switchover.config.batch_sizes import batch_sizes
from ensemble_switchover.config.seeds import Stream, stream_seed
from ensemble_switchover.data.augmentation import Augmentation, draw_augmentation
from ensemble_switchover.data.batches import (
    EvaluationBatches,
    TrainingBatches,
)
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.data.randaugment import RandAugment

SEEDS = (11, 22, 33)
AUGMENTATIONS = [
    None,
    Augmentation(padding=2, flip=True),
    Augmentation(padding=1, flip=False, operations=RandAugment(2, 14)),
]


def numbered_images(size, side=4):
    """Make images with distinct pixels; the label is the image's number."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (size, 3, side, side), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(size))


def make_batches(data, groups, *, batch_size=4, augmentation=None, epoch=0, seeds=SEEDS):
    return TrainingBatches(
        data,
        groups=groups,
        member_seeds=seeds,
        batch_size=batch_size,
        augmentation=augmentation,
        normalisation=Normalisation.of(data.images),
        dtype=torch.float64,
        epoch=lambda: epoch,
    )


def order_of(batches, member):
    """List the images' numbers in the order in which a member sees them."""
    return [
        number
        for batch in batches
        if member in batch.members
        for number in batch.labels[batch.members.index(member)].tolist()
    ]


partitions = st.sampled_from(
    [((0, 1, 2),), ((0,), (1,), (2,)), ((0, 1), (2,)), ((2,), (0, 1)), ((2, 0), (1,))]
)


@settings(max_examples=40, deadline=None)
@given(partitions, st.integers(1, 30), st.integers(1, 12), st.integers(0, 5))
def test_every_member_sees_every_image_once_an_epoch(groups, size, batch_size, epoch):
    data = numbered_images(size)
    batches = make_batches(data, groups, batch_size=batch_size, epoch=epoch)
    for member in range(3):
        assert sorted(order_of(batches, member)) == list(range(size))


@settings(max_examples=40, deadline=None)
@given(partitions, st.integers(1, 30), st.integers(1, 12))
def test_the_form_of_the_batches(groups, size, batch_size):
    batches = make_batches(numbered_images(size), groups, batch_size=batch_size)
    listed = list(batches)
    sizes = batch_sizes(size, batch_size)
    per_group = len(sizes)
    assert len(batches) == len(listed) == len(groups) * per_group
    for position, group in enumerate(groups):
        of_group = listed[position * per_group : (position + 1) * per_group]
        assert [batch.members for batch in of_group] == [group] * per_group
        assert [batch.labels.shape for batch in of_group] == [(len(group), n) for n in sizes]
        assert [batch.images.shape for batch in of_group] == [
            (len(group), n, 3, 4, 4) for n in sizes
        ]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("groups", [((0,), (1,), (2,)), ((0, 1, 2),), ((2, 0), (1,))])
def test_a_member_sees_the_same_alone_and_among_others(groups, augmentation):
    data = numbered_images(10)
    alone = make_batches(data, ((0,),), augmentation=augmentation, epoch=3, seeds=(SEEDS[2],))
    among = make_batches(data, groups, augmentation=augmentation, epoch=3)
    seen = [batch for batch in among if 2 in batch.members]
    for single, shared in zip(alone, seen, strict=True):
        position = shared.members.index(2)
        assert torch.equal(single.labels[0], shared.labels[position])
        assert torch.equal(single.images[0], shared.images[position])


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_a_restart_at_an_epoch_sees_the_same(augmentation):
    data, epochs = numbered_images(20), iter(range(3))
    batches = TrainingBatches(
        data,
        groups=((0, 1, 2),),
        member_seeds=SEEDS,
        batch_size=8,
        augmentation=augmentation,
        normalisation=Normalisation.of(data.images),
        dtype=torch.float64,
        epoch=lambda: next(epochs),
    )
    straight = [[batch.images for batch in batches] for _ in range(3)]
    restarted = make_batches(data, ((0, 1, 2),), batch_size=8, augmentation=augmentation, epoch=2)
    for before, after in zip(straight[2], restarted, strict=True):
        assert torch.equal(before, after.images)
    assert not torch.equal(straight[1][0], straight[2][0])


def test_the_order_changes_with_the_epoch_and_the_member():
    data = numbered_images(40)
    orders = [
        order_of(make_batches(data, ((0, 1, 2),), epoch=epoch), member)
        for member in range(3)
        for epoch in range(3)
    ]
    assert len({tuple(order) for order in orders}) == 9
    assert orders[0] != sorted(orders[0])
    again = order_of(make_batches(data, ((0, 1, 2),), epoch=0), 0)
    assert again == orders[0]


def test_the_order_depends_on_neither_the_batch_size_nor_the_augmentation():
    data = numbered_images(20)
    reference = order_of(make_batches(data, ((0,),)), 0)
    assert order_of(make_batches(data, ((0,),), batch_size=7), 0) == reference
    augmented = make_batches(data, ((0,),), augmentation=Augmentation(padding=1, flip=True))
    assert order_of(augmented, 0) == reference


def test_the_epoch_is_asked_for_at_every_pass():
    data, epoch = numbered_images(30), [0]
    batches = TrainingBatches(
        data,
        groups=((0,),),
        member_seeds=SEEDS,
        batch_size=8,
        augmentation=None,
        normalisation=Normalisation.of(data.images),
        dtype=torch.float32,
        epoch=lambda: epoch[0],
    )
    first = order_of(batches, 0)
    epoch[0] = 1
    assert order_of(batches, 0) != first
    epoch[0] = 0
    assert order_of(batches, 0) == first


def by_numpy(data, images):
    """Normalise in numpy, by the mean and deviation of the training pixels in [0, 1]."""
    training = data.images.numpy().astype(np.float64) / 255
    mean = training.mean(axis=(0, 2, 3), keepdims=True)
    deviation = training.std(axis=(0, 2, 3), keepdims=True)
    return torch.from_numpy((images.numpy().astype(np.float64) / 255 - mean) / deviation)


def test_images_come_with_their_labels_and_standardised():
    data = numbered_images(10)
    standardised = by_numpy(data, data.images)
    for batch in make_batches(data, ((0, 1, 2),)):
        assert batch.images.dtype == torch.float64
        torch.testing.assert_close(batch.images, standardised[batch.labels])


def test_augmented_images_are_cropped_before_they_are_standardised():
    data, augmentation, epoch = numbered_images(9), Augmentation(padding=2, flip=True), 4
    generator = torch.Generator().manual_seed(stream_seed(SEEDS[1], Stream.AUGMENTATION, epoch))
    draws = draw_augmentation(augmentation, 9, generator)
    batches = make_batches(data, ((0, 1),), augmentation=augmentation, epoch=epoch)
    position = 0
    for batch in batches:
        for image, number in zip(batch.images[1], batch.labels[1].tolist(), strict=True):
            top, left = draws.offsets[position].tolist()
            expected = torchvision.pad(data.images[number], [2] * 4)
            expected = torchvision.crop(expected, top, left, 4, 4)
            if draws.flips[position]:
                expected = torchvision.horizontal_flip(expected)
            torch.testing.assert_close(image, by_numpy(data, expected[None])[0])
            position += 1
    assert position == 9


@pytest.mark.parametrize("channels", [1, 3])
def test_scaled_pixels_are_divided_by_255(channels):
    generator = torch.Generator().manual_seed(channels)
    images = torch.randint(0, 256, (5, channels, 4, 4), generator=generator, dtype=torch.uint8)
    scaled = Normalisation.asked_for("scaled", images)
    assert torch.equal(scaled.apply(images, torch.float64), images.double() * (1 / 255))
    asked = Normalisation.asked_for("standardised", images).apply(images, torch.float64)
    assert torch.equal(asked, Normalisation.of(images).apply(images, torch.float64))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
def test_normalisation_is_numpys_mean_and_deviation(size, channels, side, seed):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (size, channels, side, side), dtype=np.uint8)
    found = Normalisation.of(torch.from_numpy(pixels))
    scaled = pixels.astype(np.float64) / 255
    np.testing.assert_allclose(found.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-12)
    deviation = scaled.std(axis=(0, 2, 3))
    constant = pixels.reshape(size, channels, -1).transpose(1, 0, 2).reshape(channels, -1)
    expected = np.where(constant.min(axis=1) == constant.max(axis=1), 1, deviation)
    np.testing.assert_allclose(found.deviation, expected, rtol=1e-9)


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_constant_channel_becomes_zero_not_nan(level):
    images = torch.full((5, 1, 3, 3), level, dtype=torch.uint8)
    standardised = Normalisation.of(images).apply(images, torch.float32)
    torch.testing.assert_close(standardised, torch.zeros(5, 1, 3, 3), atol=1e-6, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_standardised_training_images_have_mean_0_and_deviation_1(dtype):
    images = numbered_images(50).images
    standardised = Normalisation.of(images).apply(images, dtype)
    assert standardised.dtype == dtype
    mean = standardised.double().mean(dim=(0, 2, 3))
    variance = standardised.double().square().mean(dim=(0, 2, 3))
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-5, rtol=0)
    torch.testing.assert_close(variance, torch.ones_like(variance), atol=1e-5, rtol=0)


@settings(max_examples=30, deadline=None)
@given(partitions, st.integers(1, 30), st.integers(1, 12))
def test_evaluation_covers_the_test_set_in_order_for_every_group(groups, size, batch_size):
    train, test = numbered_images(10), numbered_images(size, side=3)
    batches = EvaluationBatches(
        test,
        groups=groups,
        batch_size=batch_size,
        normalisation=Normalisation.of(train.images),
        dtype=torch.float64,
    )
    listed = list(batches)
    assert len(batches) == len(listed)
    standardised = by_numpy(train, test.images)
    for group in groups:
        own = [batch for batch in listed if batch.members == group]
        starts = np.cumsum([0, *(len(batch.images) for batch in own)])
        assert [batch.start for batch in own] == list(starts[:-1])
        torch.testing.assert_close(torch.cat([batch.images for batch in own]), standardised)
    assert list(dict.fromkeys(batch.members for batch in listed)) == list(groups)


@pytest.mark.parametrize("at_once", [1, 9, 1000])
@pytest.mark.parametrize("size", [8, 21, 23, 24])
def test_images_that_are_augmented_at_once_do_not_matter(size, at_once, monkeypatch):
    data, randaugment = numbered_images(size), AUGMENTATIONS[2]
    reference = list(make_batches(data, ((0, 1), (2,)), augmentation=randaugment))
    monkeypatch.setattr("ensemble_switchover.data.batches.IMAGES_AT_ONCE", at_once)
    found = list(make_batches(data, ((0, 1), (2,)), augmentation=randaugment))
    assert len(found) == len(reference) == 2 * -(-size // 4)
    for one, other in zip(found, reference, strict=True):
        assert one.members == other.members
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)


@pytest.mark.parametrize(("side", "expected"), [(32, 1024), (64, 1024), (128, 256), (1024, 16)])
def test_large_images_are_fewer_at_a_time(side, expected):
    data = ImageSet(
        torch.zeros(1, 1, 1, 1, dtype=torch.uint8).expand(20, 3, side, side), torch.arange(20)
    )
    batches = TrainingBatches(
        data, groups=((0,),), member_seeds=[0], batch_size=16,
        augmentation=Augmentation(4, flip=True, operations=RandAugment(2, 14)),
        normalisation=Normalisation(torch.zeros(3), torch.ones(3)), dtype=torch.float32,
        epoch=lambda: 0,
    )  # fmt: skip
    assert 16 * batches._batches_at_once == expected
