"""Parameter counts and FLOPs, compared with the papers, torch and its FLOP counter."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import DesignError
from ensemble_switchover.networks import build_network

CIFAR10 = ImageTask(channels=3, size=32, num_classes=10)

EXACT = [
    # The papers print rounded numbers; these are the exact counts that round to them.
    # Huang et al. 2017, Table 2: 1.0M and 7.0M; with BC 0.8M.
    ("densenet", {}, 40, 12, 1_019_722),
    ("densenet", {}, 100, 12, 6_979_642),
    ("densenet", {"bottleneck": True, "compression": 0.5}, 100, 12, 769_162),
    # He et al. 2016, Table 6: 0.27M and 0.85M.
    ("resnet", {}, 20, 16, 269_722),
    ("resnet", {}, 56, 16, 853_018),
    # Zagoruyko & Komodakis 2016, Table 4: 36.5M and 11.0M.
    ("wide_resnet", {}, 28, 10, 36_479_194),
    ("wide_resnet", {}, 16, 8, 10_961_370),
    # Sun et al. 2024 ("NeuralFuse", NeurIPS), Table 7
    ("vgg", {}, 11, 64, 9_231_114),
    ("vgg", {}, 16, 64, 14_728_266),
    ("vgg", {}, 19, 64, 20_040_522),
]

ROUNDED = [
    # Huang et al. 2017, Table 2
    ("densenet", {}, 40, 12, "1.0"),
    ("densenet", {}, 100, 12, "7.0"),
    ("densenet", {}, 100, 24, "27.2"),
    ("densenet", {"bottleneck": True, "compression": 0.5}, 100, 12, "0.8"),
    ("densenet", {"bottleneck": True, "compression": 0.5}, 250, 24, "15.3"),
    ("densenet", {"bottleneck": True, "compression": 0.5}, 190, 40, "25.6"),
    # He et al. 2016, Table 6
    ("resnet", {}, 20, 16, "0.27"),
    ("resnet", {}, 32, 16, "0.46"),
    ("resnet", {}, 44, 16, "0.66"),
    ("resnet", {}, 56, 16, "0.85"),
    ("resnet", {}, 110, 16, "1.7"),
    ("resnet", {}, 1202, 16, "19.4"),
    # Zagoruyko & Komodakis 2016, Table 4
    ("wide_resnet", {}, 40, 1, "0.6"),
    ("wide_resnet", {}, 40, 2, "2.2"),
    ("wide_resnet", {}, 40, 4, "8.9"),
    ("wide_resnet", {}, 16, 8, "11.0"),
    ("wide_resnet", {}, 16, 10, "17.1"),
    ("wide_resnet", {}, 22, 8, "17.2"),
    ("wide_resnet", {}, 28, 10, "36.5"),
]


@pytest.mark.parametrize(("name", "options", "depth", "width", "parameters"), EXACT)
def test_published_counts(name, options, depth, width, parameters):
    assert make_family(name, options).parameters(depth, width, CIFAR10) == parameters


@pytest.mark.parametrize(("name", "options", "depth", "width", "millions"), ROUNDED)
def test_counts_to_the_digits_that_the_papers_print(name, options, depth, width, millions):
    parameters = make_family(name, options).parameters(depth, width, CIFAR10)
    decimals = len(millions.partition(".")[2])
    assert f"{parameters / 1e6:.{decimals}f}" == millions


@st.composite
def families(draw):
    name = draw(st.sampled_from(sorted(FAMILIES)))
    options = {
        "densenet": st.fixed_dictionaries(
            {"bottleneck": st.booleans(), "compression": st.sampled_from([1.0, 0.5, 0.3, 0.01])}
        ),
        "resnet": st.fixed_dictionaries({"shortcut": st.sampled_from(["identity", "projection"])}),
    }.get(name, st.just({}))
    return make_family(name, draw(options))


@st.composite
def networks(draw):
    family = draw(families())
    depth = family.depths[draw(st.integers(0, 2))]
    task = ImageTask(
        channels=draw(st.integers(1, 4)),
        size=draw(st.integers(1, 13)),
        num_classes=draw(st.integers(2, 101)),
    )
    return family, depth, draw(st.integers(1, 4)), task


@settings(max_examples=40, deadline=None)
@given(networks())
def test_counts_are_those_of_the_network(network):
    module = build_network(*network)
    trainable = sum(tensor.numel() for tensor in module.parameters() if tensor.requires_grad)
    family, *arguments = network
    assert family.parameters(*arguments) == trainable


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(1, 3))
def test_flops_are_those_of_torchs_counter(network, batch):
    module, task = build_network(*network).eval(), network[3]
    images = torch.zeros(batch, task.channels, task.size, task.size)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(images)
    family, *arguments = network
    assert family.flops(*arguments) * batch == counter.get_total_flops()


DEPTHS = {
    ("densenet", False): {3 * n + 4 for n in range(1, 70)},
    ("densenet", True): {6 * n + 4 for n in range(1, 70)},
    ("resnet", False): {6 * n + 2 for n in range(1, 70)},
    ("wide_resnet", False): {6 * n + 4 for n in range(1, 70)},
    ("vgg", False): {8, 11, 13, 16, 19},
}


@settings(max_examples=60, deadline=None)
@given(families(), st.integers(-3, 200), st.integers(-2, 3))
def test_exactly_the_networks_of_the_depth_formula_exist(family, depth, width):
    valid = DEPTHS[family.name, family.options.get("bottleneck", False)]
    if depth in valid and width >= 1:
        assert family.parameters(depth, width, CIFAR10) > 0
    else:
        with pytest.raises(DesignError):
            family.parameters(depth, width, CIFAR10)


@pytest.mark.parametrize(
    ("name", "options", "depth", "formula", "nearest"),
    [
        ("resnet", {}, 25, "6n+2", "20 and 26"),
        ("resnet", {}, 21, "6n+2", "20 and 26"),
        ("resnet", {}, 9, "6n+2", "8 and 14"),
        ("resnet", {}, 7, "6n+2", "8"),
        ("resnet", {}, 2, "6n+2", "8"),
        ("resnet", {}, 0, "6n+2", "8"),
        ("resnet", {}, -26, "6n+2", "8"),
        ("densenet", {}, 41, "3n+4", "40 and 43"),
        ("densenet", {"bottleneck": True}, 43, "6n+4", "40 and 46"),
        ("wide_resnet", {}, 27, "6n+4", "22 and 28"),
        ("wide_resnet", {}, 5, "6n+4", "10"),
        ("vgg", {}, 12, "8, 11, 13, 16, 19", "11 and 13"),
        ("vgg", {}, 3, "8, 11, 13, 16, 19", "8"),
    ],
)
def test_an_invalid_depth_names_the_nearest_valid_ones(name, options, depth, formula, nearest):
    with pytest.raises(DesignError) as error:
        make_family(name, options).check(depth, 4)
    text = str(error.value)
    assert text.startswith(f"depth={depth}:")
    assert name in text
    assert formula in text
    assert text.endswith(f"nearest: {nearest}")


@pytest.mark.parametrize(
    ("name", "noun"),
    [("densenet", "growth rate"), ("resnet", "channels"), ("wide_resnet", "widening factor")],
)
def test_an_invalid_width_is_called_by_the_familys_own_word(name, noun):
    family = make_family(name, {})
    with pytest.raises(DesignError, match=rf"width=0: expected a .*{noun}.* of at least 1"):
        family.check(family.depths[0], 0)


def test_an_absurd_depth_is_refused_before_its_layers_are_listed():
    depth = 6 * 10**9 + 2
    with pytest.raises(DesignError, match=f"depth={depth}: expected at most 9998"):
        make_family("resnet", {}).parameters(depth, 1, CIFAR10)
