"""Classes of fractals."""

import numpy as np

from ensemble_switchover.data.sources.fractals.classes import draw_classes


def test_a_class_depends_on_the_seed_and_its_number_alone():
    three, five = draw_classes(3, 0.5, seed=1), draw_classes(5, 0.5, seed=1)
    assert np.array_equal(three.maps, five.maps[:3])
    assert np.array_equal(three.num_maps, five.num_maps[:3])
    assert not np.array_equal(three.maps, draw_classes(3, 0.5, seed=2).maps)
