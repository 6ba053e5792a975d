"""VGG, against Simonyan & Zisserman 2015, Table 1."""

import pytest

from ensemble_switchover.design import make_family
from ensemble_switchover.design.layers import Convolution, MaxPool


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_the_depth_counts_convolutions_and_the_three_layers_that_one_replaces(depth):
    layers = make_family("vgg", {}).layers(depth, 64, 10)
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    assert len(convolutions) == depth - 3
    assert sum(isinstance(layer, MaxPool) for layer in layers) == 5
    assert [convolutions[0].channels, convolutions[-1].channels] == [64, 512]
