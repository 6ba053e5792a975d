"""Members fused into one network."""

import copy

import pytest
import torch
from torch import nn

from ensemble_switchover.design import FAMILIES, ImageTask
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.networks.fused import Fused
from tests.networks.small import Mobile


def test_what_has_no_fused_form_is_refused():
    message = "Dropout cannot be computed for several .* expected execution=sequential"
    with pytest.raises(ConfigError, match=message):
        Fused([nn.Sequential(nn.Dropout()) for _ in range(2)])


@pytest.mark.parametrize(
    ("family", "depth", "width"),
    [
        (FAMILIES["resnet"], 14, 3),
        (FAMILIES["densenet"], 13, 4),
        (FAMILIES["wide_resnet"], 10, 1),
        (FAMILIES["vgg"], 11, 2),
        (Mobile, 11, 3),
    ],
)
def test_a_part_predicts_as_the_whole_and_follows_its_training(family, depth, width):
    ensemble = Ensemble.build(family(), depth, width, ImageTask(1, 16, 10), range(5))
    whole = Fused(list(ensemble.double().members))
    parts = [whole.part(start, stop).eval() for start, stop in ((0, 2), (2, 4), (4, 5))]
    images = torch.randn(6, 1, 16, 16, dtype=torch.float64)

    def compare():
        whole.eval()
        with torch.no_grad():
            expected = whole(images.expand(5, *images.shape))
            found = [part(images.expand(part.num_networks, *images.shape)) for part in parts]
        assert torch.allclose(torch.cat(found), expected, rtol=1e-10, atol=1e-12)
        return expected

    before = compare()
    optimizer = torch.optim.SGD(whole.parameters(), lr=0.1)
    whole.train()(images.expand(5, *images.shape)).square().sum().backward()
    optimizer.step()
    assert not torch.allclose(compare(), before)
    assert not any(parameter.requires_grad for part in parts for parameter in part.parameters())


def test_depthwise_convolutions_learn_fused_what_they_learn_alone():
    task = ImageTask(1, 8, 10)
    alone = Ensemble.build(Mobile(), 11, 3, task, range(3)).double()
    fused = Fused(list(copy.deepcopy(alone).members))
    images = torch.randn(3, 6, 1, 8, 8, dtype=torch.float64)
    optimizers = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (alone, fused)]
    for _ in range(3):
        logits = torch.stack([m(own) for m, own in zip(alone.members, images, strict=True)])
        together = fused(images)
        torch.testing.assert_close(together, logits, rtol=1e-10, atol=1e-12)
        for optimizer, outputs in zip(optimizers, (logits, together), strict=True):
            optimizer.zero_grad()
            outputs.logsumexp(dim=-1).sum().backward()
            optimizer.step()
