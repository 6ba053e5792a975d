"""How much too high the ECE of older records may be, against ECE computed both ways."""

from dataclasses import replace

import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from ensemble_switchover.measurement.classification import brier, ece, error_percent, nll_nats
from ensemble_switchover.results.ece_bins import largest_ece_excess, most_certain_errors
from tests.factories import make_record


def saturated(seed, scale, num_images=300, classes=4):
    """Logits of which some are so large that confidences are exactly 1, and some of these wrong."""
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(num_images, classes, generator=generator)
    labels = torch.randint(0, classes, (num_images,), generator=generator)
    likely = torch.rand(num_images, generator=generator) < 0.9
    logits[torch.arange(num_images), labels] += scale * 2.5 * likely
    return logits.softmax(dim=-1), labels


@pytest.mark.parametrize("scale", [1.0, 8.0, 20.0])
@pytest.mark.parametrize("seed", range(8))
def test_the_excess_is_at_most_what_is_said(seed, scale):
    probabilities, labels = saturated(seed, scale)
    confidences, answers = probabilities.max(dim=1)
    certain = int(((confidences == 1) & (answers != labels)).sum())
    measures = [of(probabilities, labels) for of in (error_percent, nll_nats, brier)]
    assert most_certain_errors(*measures, 300) >= certain
    apart = multiclass_calibration_error(probabilities, labels, 4, n_bins=15).item()
    closed = ece(probabilities, labels)
    epoch = replace(
        make_record().epochs[-1],
        ece=apart,
        ece_bins="apart",
        **dict(zip(("error_percent", "nll_nats", "brier"), measures, strict=True)),
    )
    assert apart - closed + 1e-6 >= 0
    assert apart - closed <= largest_ece_excess(epoch, 300) + 1e-6
    if scale == 20.0:
        assert certain > 0
    assert largest_ece_excess(replace(epoch, ece_bins="closed"), 300) == 0
    assert largest_ece_excess(replace(epoch, ece_bins="half"), 300) == 0


def test_an_image_that_is_certainly_wrong_costs_nats():
    """Even the mean of many members, each rounded, leaves a label less than e^-13."""
    members = torch.tensor([[[20.0, 0.0]]] * 30).softmax(dim=-1)
    mean = members.mean(dim=0)
    assert mean.max() >= 1 - 1e-6
    assert nll_nats(mean, torch.tensor([1])) > 13
    assert most_certain_errors(100.0, 13.0, 1.99, 1) == 1
    assert most_certain_errors(100.0, 12.9, 1.99, 1) == 0
    assert most_certain_errors(100.0, 13.0, 1.9, 1) == 0
    assert most_certain_errors(50.0, float("inf"), float("nan"), 10) == 5


def test_what_was_not_evaluated_has_no_excess():
    epoch = replace(make_record().epochs[-1], ece_bins="apart", ece=None, error_percent=None)
    assert largest_ece_excess(epoch, 300) == 0
    endless = replace(make_record().epochs[-1], ece_bins="apart", ece=float("nan"))
    assert largest_ece_excess(endless, 300) == 0
