"""DenseNet's options, against Huang et al. 2017."""

import pytest
import torch
from torch import nn

from ensemble_switchover.design import make_family
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks import build_network
from tests.networks.small import SMALL


def test_a_transition_compresses_and_averages():
    # Huang et al. 2017, section 3: 16 + n * growth channels; compression 0.5 keeps half of them.
    family = make_family("densenet", {"compression": 0.5})
    network = build_network(family, 10, 3, SMALL)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    transitions = [module for module in convolutions if module.kernel_size == (1, 1)]
    channels = [(module.in_channels, module.out_channels) for module in transitions]
    assert channels == [(22, 11), (17, 8)]
    pools = [module for module in network.modules() if isinstance(module, nn.AvgPool2d)]
    assert [pool.kernel_size for pool in pools] == [2, 2]


def test_a_compression_to_nothing_keeps_a_channel():
    family = make_family("densenet", {"compression": 0.01})
    network = build_network(family, 7, 2, SMALL).eval()
    assert network(torch.rand(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("compression", [0.0, -0.5, 1.01, float("nan")])
def test_a_compression_outside_its_range_is_refused(compression):
    with pytest.raises(ConfigError, match=r"arch\.compression=.*more than 0 and at most 1"):
        make_family("densenet", {"compression": compression})


def test_options_change_the_count_and_are_listed():
    family = make_family("densenet", {"bottleneck": True, "compression": 0.5})
    assert family.options == {"bottleneck": True, "compression": 0.5}
    assert family.depths.step == 6
    assert make_family("densenet", {}).depths.step == 3
