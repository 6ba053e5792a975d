"""The images that stand for a class."""

import numpy as np

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data import load_dataset
from ensemble_switchover.training.sample_images import images_of_class


def test_augmented_rows_begin_with_the_plain_image(compose_config):
    spec = resolve(compose_config("dataset.augmentation=randaugment", "dataset.crop_padding=1"))
    data = load_dataset(spec.dataset, spec.train_size, spec.test_size).train
    images = images_of_class(spec, data, 4, 6)
    first = data.images[(data.labels == 4).nonzero()[0, 0]].numpy()
    assert images.shape == (6, 1, 8, 8)
    assert (images[0] == first).all()
    assert len(np.unique(images.reshape(6, -1), axis=0)) > 3
    assert (images_of_class(spec, data, 4, 6) == images).all()
    assert (images_of_class(spec, data, 4, 1) == images[:1]).all()


def test_plain_rows_have_different_images_of_the_class(compose_config):
    spec = resolve(compose_config())
    data = load_dataset(spec.dataset, spec.train_size, spec.test_size).train
    images = images_of_class(spec, data, 2, 5)
    assert (images == data.images[data.labels == 2][:5].numpy()).all()
