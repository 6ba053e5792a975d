"""The initial weights, compared with He et al. 2015."""

import math

import pytest
import torch
from torch import nn

from ensemble_switchover.networks.initialisation import initialise
from tests.networks.small import VARIANTS, same, small_member, state_of

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


def test_he_draws_do_not_repeat_within_a_network():
    network = small_member("resnet")
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    alike = [module for module in convolutions if module.weight.shape == (4, 4, 3, 3)]
    assert len(alike) == 2
    assert not torch.equal(alike[0].weight, alike[1].weight)


def test_a_group_is_initialised_as_a_convolution_of_its_own():
    grouped = nn.Conv2d(64, 256, 3, groups=64)
    initialise(nn.Sequential(grouped), torch.Generator().manual_seed(0))
    weights = grouped.weight.detach().double().flatten() / math.sqrt(2 / (3**2 * 256 / 64))
    assert abs(weights.square().mean() - 1) < 5 * math.sqrt(2 / len(weights))
