"""The loss of every member."""

import builtins
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.training.losses import loss_fault, make_loss
from tests.training.members import RECIPE

LOGITS = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
CLASSES = torch.tensor([[0, 1, 2, 0], [2, 1, 1, 0]])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("labels", [CLASSES, functional.one_hot(CLASSES, 3).float()])
def test_each_members_loss_is_that_of_its_own_batch(labels, smoothing):
    loss = make_loss(replace(RECIPE, label_smoothing=smoothing))
    expected = [
        functional.cross_entropy(logits, own, label_smoothing=smoothing)
        for logits, own in zip(LOGITS, CLASSES, strict=True)
    ]
    torch.testing.assert_close(loss(LOGITS, labels), torch.stack(expected))
    torch.testing.assert_close(loss(LOGITS[:1], labels[:1]), expected[0][None])


def test_a_loss_of_ones_own_gives_one_number_a_batch():
    own = {"_target_": "torch.nn.CrossEntropyLoss", "reduction": "none"}
    with pytest.raises(ConfigError, match=r"^recipe\.loss\._target_=.*: expected one number for"):
        make_loss(replace(RECIPE, loss=own))(LOGITS, CLASSES)
    with pytest.raises(ConfigError, match=r"and a tensor of the shape \(4,\) came$"):
        make_loss(replace(RECIPE, loss=own))(LOGITS, CLASSES)


class Refusing(nn.Module):
    """A loss that raises an error of a kind, or of torch's."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, logits, labels):
        if self.kind == "shape":
            return functional.cross_entropy(logits[1:], labels)
        raise getattr(builtins, self.kind)("not today")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("KeyError", "KeyError: 'not today'"), ("shape", "ValueError: Expected input")],
)
def test_a_loss_that_fails_is_one_sentence(kind, said):
    name = f"{__name__}.Refusing"
    recipe = replace(RECIPE, loss={"_target_": name, "kind": kind})
    with pytest.raises(Exception, match=r"not today|Expected input") as caught:
        make_loss(recipe)(LOGITS, CLASSES)
    fault = loss_fault(caught.value, recipe)
    assert fault.__cause__ is caught.value
    text = str(fault)
    assert text.startswith(f"recipe.loss._target_={name}: fails with {said}")
    assert "(test_losses.py, line " in text
    assert loss_fault(caught.value, RECIPE) is None
    assert loss_fault(ValueError("of something else"), recipe) is None
    assert loss_fault(ConfigError("explained already"), recipe) is None


def test_a_loss_without_a_gradient_is_one_sentence():
    recipe = replace(RECIPE, loss={"_target_": "torch.nn.CrossEntropyLoss"})
    with pytest.raises(RuntimeError) as caught:
        make_loss(recipe)(LOGITS, CLASSES).sum().backward()
    assert str(loss_fault(caught.value, recipe)).endswith("and one without a gradient came")


def test_what_cannot_be_called_is_no_loss():
    with pytest.raises(ConfigError, match=r"expected a loss that is called .*, found Fraction"):
        make_loss(replace(RECIPE, loss={"_target_": "fractions.Fraction"}))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_weight_of_every_class_is_in_the_precision_of_the_logits(dtype):
    weight = {"_target_": "torch.tensor", "data": [1.0, 2.0, 3.0]}
    own = {"_target_": "torch.nn.CrossEntropyLoss", "weight": weight}
    losses = make_loss(replace(RECIPE, loss=own))(LOGITS.to(dtype), CLASSES)
    expected = functional.cross_entropy(
        LOGITS[0].to(dtype), CLASSES[0], torch.tensor([1, 2, 3], dtype=dtype)
    )
    torch.testing.assert_close(losses[0], expected)
