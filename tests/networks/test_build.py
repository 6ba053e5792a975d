"""The shapes and parts of networks, compared with explicit computations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops.misc import Conv2dNormActivation

from ensemble_switchover.design import FAMILIES, ImageTask, make_family
from ensemble_switchover.errors import DesignError
from ensemble_switchover.networks import build_network
from ensemble_switchover.networks.build import PaddedShortcutModule
from tests.networks.plain import PLAIN, Classifier
from tests.networks.small import (
    SMALL,
    VARIANTS,
    Mobile,
    random_images,
    randomise_norms,
    small_member,
)


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


# Depthwise convolutions


def test_inverted_residuals_are_torchvisions():
    task, width = ImageTask(channels=3, size=16, num_classes=7), 4
    network = build_network(Mobile(), 14, width, task).double()
    stem = Conv2dNormActivation(3, width, 3, activation_layer=nn.ReLU6)
    blocks = [(4, 4, 1), (4, 4, 1), (4, 8, 2), (8, 8, 1)]
    features = nn.Sequential(stem, *(InvertedResidual(*block, expand_ratio=6) for block in blocks))
    plain = Classifier(features, 2 * width, 7).double()
    randomise_norms(network, torch.Generator().manual_seed(0))
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        theirs.data.copy_(ours)
    for ours, theirs in zip(network.buffers(), plain.buffers(), strict=True):
        theirs.copy_(ours)
    assert Mobile().parameters(14, width, task) == sum(p.numel() for p in plain.parameters())
    images = random_images(3, 3, 16, 16)
    for training in (True, False):
        ours, theirs = (each.train(training)(images) for each in (network, plain))
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
