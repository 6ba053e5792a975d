"""Metrics of a user's own, of torchmetrics and as functions."""

import pytest
import torch
from torchmetrics.functional.classification import multiclass_f1_score

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.measurement.own_metrics import make_own_metrics

F1 = {"_target_": "torchmetrics.classification.MulticlassF1Score", "average": "macro"}


def share_above(probabilities, labels, least=0.5):
    return (probabilities.amax(dim=-1) > least).double().mean()


def several(probabilities, labels):
    return probabilities.mean(dim=0)


def not_a_number(probabilities, labels):
    return float("nan")


def function(name, **arguments):
    return {"_target_": f"{__name__}.{name}", "_partial_": True, **arguments}


def test_metrics_are_those_of_the_given_images_alone():
    metrics = make_own_metrics({"f1": F1, "sure": function("share_above", least=0.4)}, 5)
    generator = torch.Generator().manual_seed(0)
    for size in (7, 100):
        probabilities = torch.rand(size, 5, generator=generator).softmax(dim=-1)
        labels = torch.randint(5, (size,), generator=generator)
        expected = multiclass_f1_score(probabilities, labels, num_classes=5, average="macro")
        assert metrics["f1"](probabilities, labels) == pytest.approx(expected.item())
        above = (probabilities.max(dim=1).values > 0.4).sum().item() / size
        assert metrics["sure"](probabilities, labels) == pytest.approx(above)


def test_what_is_not_finite_is_absent():
    metrics = make_own_metrics({"odd": function("not_a_number")}, 3)
    assert metrics["odd"](torch.ones(1, 3), torch.zeros(1, dtype=torch.long)) is None


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({**F1, "average": "none"}, "metrics.f1._target_=.*: expected one number for"),
        ({**F1, "average": "odd"}, "metrics.f1._target_=.*MulticlassF1Score: .*"),
        ({**F1, "foo": 1}, "metrics.f1._target_=.*MulticlassF1Score: .*foo"),
        (function("several"), "expected one number"),
        ({"_target_": "torchmetrics.NoMetric"}, "metrics.f1._target_=torchmetrics.NoMetric: "),
    ],
)
def test_what_is_no_metric_is_one_sentence_before_training(part, message):
    with pytest.raises(ConfigError, match=message) as caught:
        make_own_metrics({"f1": part}, 3)
    assert "\n" not in str(caught.value)
