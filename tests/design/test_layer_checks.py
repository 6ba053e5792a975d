"""Families whose layers are no network are refused in one sentence that names the family."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from ensemble_switchover.config.budget import make_budget
from ensemble_switchover.config.schema import NetworkBudgetConfig
from ensemble_switchover.design import FAMILIES, Family, ImageTask, make_family
from ensemble_switchover.design.layers import (
    BatchNorm,
    Concatenation,
    Convolution,
    GlobalAveragePool,
    Linear,
    MaxPool,
    Residual,
)
from ensemble_switchover.errors import ConfigError, DesignError

TASK = ImageTask(channels=1, size=8, num_classes=10)
HEAD = [GlobalAveragePool(), Linear(10)]


@dataclass(frozen=True)
class Given(Family):
    """A family of one list of layers, or of the error that listing them raises."""

    network: object = None
    name: ClassVar[str] = "given"
    width_name: ClassVar[str] = "width"
    default_depth: ClassVar[int] = 3
    default_width: ClassVar[int] = 4
    depths: ClassVar[range] = range(3, 9)

    __hash__ = object.__hash__

    def layers(self, depth, width, num_classes):
        if isinstance(self.network, Exception):
            raise self.network
        return self.network


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (None, "expected a list or tuple of layers, and None came"),
        ([Convolution(4, 3), "relu", *HEAD], "expected layers of .*, and 'relu' (str) came"),
        ([Residual(Convolution(1, 3)), *HEAD], "expected a list or tuple of layers, and Convol"),
        ([Convolution(2.5, 3), *HEAD], "expected channels to be a whole number of at least 1"),
        ([Convolution(4, 2), *HEAD], "expected an odd kernel"),
        ([Residual((Convolution(4, 3),)), *HEAD], "to add two equal shapes, and 4x8x8 and 1x8x8"),
        ([Concatenation((MaxPool(),)), *HEAD], "of equal sizes, and 1x8x8 and 1x4x4 came"),
        ([Convolution(4, 3), Linear(10)], "expected GlobalAveragePool before Linear(outputs=10)"),
        ([*HEAD[:1], Linear(11)], "expected Linear(10) as the last layer, and Linear(outputs=11)"),
        ([Convolution(4, 3), BatchNorm()], "as the last layer, and BatchNorm() came"),
        ([], "expected Linear(10) as the last layer, and None came"),
        (KeyError("oops"), "Given.layers fails with KeyError: 'oops'"),
    ],
)
def test_what_is_no_network_is_one_sentence(network, message):
    with pytest.raises(ConfigError) as caught:
        make_budget(NetworkBudgetConfig(), Given(network), TASK)
    text = str(caught.value)
    assert text.startswith("arch=given: the layers of depth 3 and width 4: ")
    for part in message.split(".*"):
        assert part in text
    assert "\n" not in text
    assert not isinstance(caught.value, DesignError)  # not merely a design that does not exist


def test_groups_that_do_not_divide_the_channels_are_a_design_that_does_not_exist():
    family = Given([Convolution(4, 3), Convolution(4, 3, groups=3), *HEAD])
    with pytest.raises(DesignError, match=r"^arch=given: .*Convolution\(groups=3\)"):
        family.trace(3, 4, TASK)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_families_of_the_package_pass(name):
    family = make_family(name, {})
    for depth in family.depths[:3]:
        assert family.parameters(depth, 3, ImageTask(3, 33, 7)) > 0
