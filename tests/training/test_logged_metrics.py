"""What callbacks are given after an epoch, by hand."""

import math

import pytest
import torch

from ensemble_switchover.training.logged_metrics import evaluation_metrics, training_metrics


def test_errors_are_of_the_ensemble_and_of_its_members():
    first = torch.tensor([[0.9, 0.1], [0.8, 0.2]])
    second = torch.tensor([[0.7, 0.3], [0.1, 0.9]])
    found = evaluation_metrics(torch.stack([first, second]), torch.tensor([0, 1]))
    assert found["error"] == 0.0  # the mean of the second image is 0.45 to 0.55
    assert found["member_error"] == 25.0
    assert found["nll"] == pytest.approx(-(math.log(0.8) + math.log(0.55)) / 2)


def test_the_loss_is_the_mean_over_images():
    losses = torch.tensor([[1.0, 4.0]])
    found = training_metrics(losses, batch_size=16, num_images=24, learning_rate=0.1)
    assert found == {"train_loss": 2.0, "learning_rate": 0.1}
