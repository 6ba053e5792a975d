"""ResNet's shortcuts, against He et al. 2016."""

import pytest
from torch import nn

from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.errors import ConfigError
from tests.networks.small import small_member


@pytest.mark.parametrize("shortcut", ["identity", "projection"])
def test_shortcuts_are_projected_only_where_asked_for(shortcut):
    network = small_member("resnet", {"shortcut": shortcut})
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    projections = [module for module in convolutions if module.kernel_size == (1, 1)]
    found = [(module.in_channels, module.out_channels, module.stride) for module in projections]
    assert found == ([(4, 8, (2, 2)), (8, 16, (2, 2))] if shortcut == "projection" else [])


CIFAR10 = ImageTask(channels=3, size=32, num_classes=10)


def test_projection_shortcuts_cost_their_convolutions_and_norms():
    # He et al. 2016, section 3.3, option B: 1x1 convolutions where the channels double, with norm.
    width = 16
    projected = width * 2 * width + 2 * 2 * width + 2 * width * 4 * width + 2 * 4 * width
    with_option_b = make_family("resnet", {"shortcut": "projection"})
    assert with_option_b.parameters(20, width, CIFAR10) == 269_722 + projected


def test_an_unknown_shortcut_is_refused():
    with pytest.raises(ConfigError, match=r"arch\.shortcut=none: .*identity, projection"):
        make_family("resnet", {"shortcut": "none"})
