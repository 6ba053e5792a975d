"""The moving average of weights."""

import torch
from torch import nn

from ensemble_switchover.training.averaged_weights import AveragedWeights


def test_it_follows_weights_and_statistics_and_forgets_the_beginning():
    network = nn.BatchNorm2d(1)
    average = AveragedWeights(network, 0.5)
    expected = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for step, decay in enumerate(
        (2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 7 / 16, 8 / 17, 0.5, 0.5)
    ):
        network(torch.full((2, 1, 2, 2), float(step)))
        network.weight.data.fill_(step)
        average.update()
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * tensor
            else:
                expected[name] = tensor
    torch.testing.assert_close(average.tensors, expected)
    assert average.num_updates == 9


def test_it_predicts_and_the_network_stays_as_it_is():
    network = nn.Linear(2, 1)
    average = AveragedWeights(network, 0.9)
    with torch.no_grad():
        network.weight.zero_()
    images = torch.ones(1, 2)
    assert not torch.equal(average.predict(images), network(images))
    assert not network.weight.any()
