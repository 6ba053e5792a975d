"""Images of fractals, each a variation of its class."""

import numpy as np

from ensemble_switchover.data.sources.fractals.classes import draw_classes
from ensemble_switchover.data.sources.fractals.instances import InstanceVariation, draw_images


def test_images_of_one_stream_are_the_same_and_differ_within_a_class():
    classes, labels = draw_classes(2, 0.5, seed=1), np.array([0, 0, 1])
    images = draw_images(classes, labels, InstanceVariation.of(0.5), [3])
    assert images.dtype == np.uint8
    assert images.shape[:2] == (3, 3)
    assert np.array_equal(images, draw_images(classes, labels, InstanceVariation.of(0.5), [3]))
    assert not np.array_equal(images[0], images[1])
