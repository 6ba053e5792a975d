"""Layers whose time is known, on a clock that only they move."""

import pytest
import torch
from torch import nn

from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.measurement.layer_time import LAYER_KINDS, OTHER, measure_layer_times
from ensemble_switchover.networks.build import ResidualModule, build_network


class Slow(torch.autograd.Function):
    """Does nothing, and takes its time forward and backward."""

    @staticmethod
    def forward(context, values, clock, forth, back):
        context.clock, context.back = clock, back
        clock.now += forth
        return values.clone()

    @staticmethod
    def backward(context, gradient):
        context.clock.now += context.back
        return gradient, None, None, None


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def slowed(kind, clock, forth, back):
    class Slowed(kind):
        def forward(self, values):
            return Slow.apply(super().forward(values), clock, forth, back)

    return Slowed


@pytest.fixture
def clock():
    return Clock()


def by_kind(times):
    return {entry.kind: entry.median_ms for entry in times}


def measure(network, clock, repeats=3):
    images, labels = torch.randn(4, 2, 6, 6), torch.tensor([0, 1, 2, 0])
    return measure_layer_times(
        network, images, labels, repeats=repeats, clock=clock, computing=torch.enable_grad
    )


def test_every_kind_has_its_own_time_forward_and_backward(clock, monkeypatch):
    convolution = slowed(nn.Conv2d, clock, 0.001, 0.010)
    activation = slowed(nn.ReLU, clock, 0.100, 1.000)
    linear = slowed(nn.Linear, clock, 5.0, 7.0)
    for kind, name in ((convolution, "convolution"), (activation, "ReLU"), (linear, "linear")):
        monkeypatch.setitem(LAYER_KINDS, kind, name)
    network = nn.Sequential(
        convolution(2, 3, 3, padding=1),
        ResidualModule(nn.Sequential(activation(), convolution(3, 3, 1)), nn.Identity()),
        nn.Flatten(),
        linear(3 * 36, 3),
    )
    times = measure(network, clock)
    assert by_kind(times) == pytest.approx(
        {"addition": 0, "ReLU": 1100, "convolution": 2 * 11, "linear": 12000, OTHER: 0}
    )
    assert {entry.kind: entry.num_layers for entry in times} == {
        "addition": 1, "ReLU": 1, "convolution": 2, "linear": 1, OTHER: 0
    }  # fmt: skip
    assert {(entry.repeats, entry.batch_size) for entry in times} == {(3, 4)}


def test_what_is_in_no_layer_is_other_forward_and_the_layers_above_it_backward(clock):
    slow = slowed(nn.Tanh, clock, 0.5, 0.25)
    network = nn.Sequential(nn.Flatten(), nn.Linear(72, 8), slow(), nn.Linear(8, 3))
    assert by_kind(measure(network, clock)) == pytest.approx({"linear": 250, OTHER: 500})


@pytest.mark.parametrize(
    ("name", "depth", "width", "num_weighted"),
    # the VGG of depth 8 has one of the three linear layers that it is named after
    [("resnet", 8, 4, 8), ("densenet", 7, 4, 7), ("wide_resnet", 10, 1, 10), ("vgg", 8, 4, 6)],
)
def test_the_kinds_of_a_family_take_all_of_a_pass(name, depth, width, num_weighted):
    ticks = iter(range(10**6))
    task = ImageTask(channels=3, size=8, num_classes=5)
    network = build_network(make_family(name, {}), depth, width, task)
    images, labels = torch.randn(2, 3, 8, 8), torch.tensor([0, 1])
    times = measure_layer_times(
        network,
        images,
        labels,
        repeats=2,
        clock=lambda: float(next(ticks)),
        computing=torch.enable_grad,
    )
    counts = {entry.kind: entry.num_layers for entry in times}
    assert counts["convolution"] + counts["linear"] == num_weighted
    # every moment is a tick of exactly one kind: a layer is entered, left, and comes back
    layers = sum(counts.values())
    assert sum(entry.median_ms for entry in times) == pytest.approx(1000 * (3 * layers + 1))
