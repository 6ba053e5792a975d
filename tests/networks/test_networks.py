"""The networks: shapes, initialisation, and their parts against explicit computations."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import DesignError
from ensemble_switchover.networks import Ensemble, build_member, build_network
from ensemble_switchover.networks.build import PaddedShortcutModule
from ensemble_switchover.networks.ensemble import ensemble_probabilities
from tests.networks.plain import PLAIN

VARIANTS = [
    ("densenet", {}),
    ("densenet", {"bottleneck": True, "compression": 0.5}),
    ("resnet", {"shortcut": "identity"}),
    ("resnet", {"shortcut": "projection"}),
    ("wide_resnet", {}),
    ("vgg", {}),
]
SMALL = ImageTask(channels=1, size=8, num_classes=10)


def small_member(name="resnet", options=None, seed=0, width=4):
    family = make_family(name, options or {})
    return build_member(family, family.depths[0], width, SMALL, seed)


def random_images(*shape):
    """Draw images in float64, so that comparisons may be tight."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def state_of(network):
    return network.state_dict()


def same(first, second):
    return all(torch.equal(value, second[key]) for key, value in first.items())


def randomise_norms(network, generator):
    """Give batch norms statistics and weights as after some training."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 2, generator=generator)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(generator=generator)


def test_every_family_is_tested():
    assert {name for name, _ in VARIANTS} == FAMILIES.keys() == PLAIN.keys()


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@pytest.mark.parametrize(("position", "width"), [(0, 1), (0, 4), (1, 3), (2, 2)])
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_the_one_written_out_by_hand(name, options, position, width, training):
    family = make_family(name, options)
    depth, task = family.depths[position], ImageTask(channels=3, size=32, num_classes=7)
    network = build_network(family, depth, width, task).double().train(training)
    plain = PLAIN[name](depth, width, task.channels, task.num_classes, **options).double()
    plain.train(training)
    randomise_norms(network, torch.Generator().manual_seed(0))
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        theirs.data.copy_(ours)
    for ours, theirs in zip(network.buffers(), plain.buffers(), strict=True):
        theirs.copy_(ours)
    images = random_images(3, 3, 32, 32)
    torch.testing.assert_close(network(images), plain(images), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@settings(max_examples=6, deadline=None)
@given(
    channels=st.integers(1, 5),
    size=st.integers(1, 17),
    num_classes=st.integers(1, 13),
    batch=st.integers(1, 3),
    width=st.integers(1, 5),
)
def test_images_of_any_form_become_one_logit_a_class(
    name, options, channels, size, num_classes, batch, width
):
    family = make_family(name, options)
    task = ImageTask(channels, size, num_classes)
    network = build_network(family, family.depths[0], width, task).eval()
    assert network(torch.rand(batch, channels, size, size)).shape == (batch, num_classes)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_every_weight_takes_part(name, options):
    network = small_member(name, options).double()
    randomise_norms(network, torch.Generator().manual_seed(0))
    network(random_images(4, 1, 8, 8)).square().sum().backward()
    idle = [key for key, tensor in network.named_parameters() if not tensor.grad.abs().sum() > 0]
    assert idle == []


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_evaluation_treats_every_image_alone(name, options):
    network = small_member(name, options).eval().double()
    randomise_norms(network, torch.Generator().manual_seed(0))
    images = random_images(5, 1, 8, 8)
    alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(network(images), alone)


def test_a_network_that_the_family_lacks_is_refused():
    with pytest.raises(DesignError, match="depth=25"):
        build_network(make_family("resnet", {}), 25, 4, SMALL)


@pytest.mark.parametrize(("name", "options"), VARIANTS[:-1])
def test_the_stages_halve_the_size_twice(name, options):
    family = make_family(name, options)
    task = ImageTask(channels=3, size=32, num_classes=10)
    network = build_network(family, family.depths[1], 2, task).eval()
    sizes = []

    def note(module, inputs, output):
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            sizes.append(output.shape[2])

    for module in network.modules():
        module.register_forward_hook(note)
    network(torch.rand(1, 3, 32, 32))
    per_stage = (len(sizes) - 1) // 3
    assert sizes == [32] * (1 + per_stage) + [16] * per_stage + [8] * per_stage


# Initialisation: He et al. 2015, equation 14 (the backward form): Var[w] = 2 / (k^2 * outputs).


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_he_initialisation(name, options):
    network = small_member(name, options, width=12)
    standardised = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert module.bias is None or torch.all(module.bias == 0)
            expected = math.sqrt(2 / (module.kernel_size[0] ** 2 * module.out_channels))
            weights = module.weight.detach().double().flatten() / expected
            # mean and variance of n standard normal draws, within five standard errors
            assert abs(weights.mean()) < 5 / math.sqrt(len(weights))
            assert abs(weights.square().mean() - 1) < 5 * math.sqrt(2 / len(weights))
            standardised.append(weights)
        elif isinstance(module, nn.BatchNorm2d):
            assert torch.all(module.weight == 1)
            assert torch.all(module.bias == 0)
        elif isinstance(module, nn.Linear):
            assert torch.all(module.bias == 0)
            bound = 1 / math.sqrt(module.in_features)
            assert 0.9 * bound < module.weight.abs().max() <= bound
    draws = torch.cat(standardised)
    assert abs((draws.abs() < 1).double().mean() - 0.6827) < 5 * math.sqrt(0.22 / len(draws))


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_the_seed_decides_the_weights(name, options):
    first, again, other = (state_of(small_member(name, options, seed)) for seed in (3, 3, 4))
    assert same(first, again)
    classifier = [key for key in first if first[key].dim() == 2][-1]
    assert not torch.equal(first[classifier], other[classifier])
    stem = next(key for key in first if first[key].dim() == 4)
    assert not torch.equal(first[stem], other[stem])


def test_the_global_generator_neither_matters_nor_moves():
    torch.manual_seed(1)
    first = state_of(small_member())
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = state_of(small_member())
    assert torch.equal(torch.get_rng_state(), before)
    assert same(first, second)


def test_a_members_weights_do_not_depend_on_the_others():
    family = make_family("resnet", {})
    arguments = (family, family.depths[0], 4, SMALL)
    three = Ensemble.build(*arguments, member_seeds=[5, 6, 7])
    alone = Ensemble.build(*arguments, member_seeds=[7])
    assert len(three.members) == 3
    assert same(state_of(alone.members[0]), state_of(three.members[2]))
    assert not same(state_of(three.members[0]), state_of(three.members[1]))


# Prediction


def test_the_ensemble_predicts_the_mean_of_the_softmax():
    ensemble = Ensemble(small_member(seed=seed) for seed in range(3)).eval()
    images = random_images(4, 1, 8, 8).float()
    by_hand = torch.zeros(4, 10, dtype=torch.float64)
    for member in ensemble.members:
        for image, logits in enumerate(member(images).detach().double()):
            exponentials = [math.exp(logit) for logit in logits]
            for label, exponential in enumerate(exponentials):
                by_hand[image, label] += exponential / sum(exponentials) / 3
    prediction = ensemble(images)
    torch.testing.assert_close(prediction.double(), by_hand, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(prediction.sum(dim=1), torch.ones(4))


def test_probabilities_are_averaged_not_votes_or_logits():
    # Two members lean to class 1, one is sure of class 0: the mean is for class 0.
    members = torch.tensor([[[0.4, 0.6]], [[0.4, 0.6]], [[0.94, 0.06]]])
    torch.testing.assert_close(ensemble_probabilities(members), torch.tensor([[0.58, 0.42]]))


# The parts


@pytest.mark.parametrize(("channels", "new", "size"), [(2, 2, 8), (3, 3, 7), (4, 4, 5), (1, 3, 1)])
def test_the_padded_shortcut_takes_every_second_pixel_and_adds_zeros(channels, new, size):
    images = random_images(2, channels, size, size)
    half = (size + 1) // 2
    expected = torch.zeros(2, channels + new, half, half, dtype=images.dtype)
    for row in range(half):
        for column in range(half):
            pixels = images[:, :, 2 * row, 2 * column]
            expected[:, new // 2 : new // 2 + channels, row, column] = pixels
    assert torch.equal(PaddedShortcutModule(new)(images), expected)


@pytest.mark.parametrize("shortcut", ["identity", "projection"])
def test_shortcuts_are_projected_only_where_asked_for(shortcut):
    network = small_member("resnet", {"shortcut": shortcut})
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    projections = [module for module in convolutions if module.kernel_size == (1, 1)]
    found = [(module.in_channels, module.out_channels, module.stride) for module in projections]
    assert found == ([(4, 8, (2, 2)), (8, 16, (2, 2))] if shortcut == "projection" else [])


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


def test_he_draws_do_not_repeat_within_a_network():
    network = small_member("resnet")
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    alike = [module for module in convolutions if module.weight.shape == (4, 4, 3, 3)]
    assert len(alike) == 2
    assert not torch.equal(alike[0].weight, alike[1].weight)
