"""The strengths of the operations, compared with torchvision's table."""

import pytest
from torchvision.transforms import RandAugment as OneByOne

from ensemble_switchover.config.largest_values import MAX_MAGNITUDE
from ensemble_switchover.data.randaugment import OPERATIONS, Magnitudes
from ensemble_switchover.data.randaugment.operations import GEOMETRIC, NUM_BINS


def test_operations_are_torchvisions_in_its_order():
    assert tuple(OneByOne()._augmentation_space(NUM_BINS, (32, 32))) == OPERATIONS
    assert GEOMETRIC == ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")


@pytest.mark.parametrize(("height", "width"), [(32, 32), (8, 8), (64, 48)])
def test_every_bin_has_torchvisions_magnitudes(height, width):
    space = OneByOne()._augmentation_space(NUM_BINS, (height, width))
    assert NUM_BINS == MAX_MAGNITUDE + 1
    for magnitude in range(NUM_BINS):
        found = Magnitudes.of(magnitude, height, width)
        expected = {name: float(bins[magnitude]) for name, (bins, _) in space.items() if bins.ndim}
        assert found.shear == expected["ShearX"] == expected["ShearY"]
        assert found.translate_x == int(expected["TranslateX"])
        assert found.translate_y == int(expected["TranslateY"])
        assert found.rotate == expected["Rotate"]
        for name in ("Brightness", "Color", "Contrast", "Sharpness"):
            assert found.enhance == expected[name]
        assert found.bits == expected["Posterize"]
        assert found.threshold == expected["Solarize"]
