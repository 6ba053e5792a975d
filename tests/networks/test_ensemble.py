"""The ensemble's members and its prediction."""

import math

import torch

from ensemble_switchover.design import make_family
from ensemble_switchover.networks import Ensemble
from ensemble_switchover.networks.ensemble import ensemble_probabilities
from tests.networks.small import SMALL, random_images, same, small_member, state_of


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
