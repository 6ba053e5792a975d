"""The layers of a network, and the operations that they are traced to."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from ensemble_switchover.design.layers import (
    Addition,
    AveragePool,
    BatchNorm,
    Concatenation,
    Convolution,
    GlobalAveragePool,
    Join,
    Linear,
    MaxPool,
    PaddedShortcut,
    ReLU,
    ReLU6,
    Residual,
    Shape,
    trace,
)
from ensemble_switchover.errors import DesignError
from ensemble_switchover.networks.build import _module, _sequence

SAMPLES = [
    Convolution(5, 3),
    Convolution(2, 1, stride=2),
    Convolution(3, 5, stride=2, bias=True),
    BatchNorm(),
    ReLU(),
    ReLU6(),
    MaxPool(),
    AveragePool(),
]


@pytest.mark.parametrize("layer", SAMPLES)
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 5), st.integers(1, 17))
def test_shapes_and_parameters_are_those_of_torchs_module(layer, channels, size):
    shape = Shape(channels, size)
    module = _module(layer, shape).eval()
    result = module(torch.zeros(2, channels, size, size))
    assert tuple(result.shape[1:]) == (
        layer.output(shape).channels,
        *[layer.output(shape).size] * 2,
    )
    assert layer.parameters(shape) == sum(tensor.numel() for tensor in module.parameters())


def test_a_chain_is_numbered_in_the_order_of_the_forward_pass():
    network = [Convolution(4, 3, stride=2), BatchNorm(), ReLU(), GlobalAveragePool(), Linear(7)]
    operations = trace(network, Shape(3, 9))
    assert [operation.layer for operation in operations] == network
    assert [operation.inputs for operation in operations] == [(0,), (1,), (2,), (3,), (4,)]
    assert [operation.output for operation in operations] == [1, 2, 3, 4, 5]
    shapes = [Shape(3, 9), Shape(4, 5), Shape(4, 5), Shape(4, 5), Shape(4, 1), Shape(7, 1)]
    assert [operation.input_shape for operation in operations] == shapes[:-1]
    assert [operation.output_shape for operation in operations] == shapes[1:]


def test_a_residual_adds_its_branch_to_its_input():
    branch = (Convolution(3, 3), ReLU())
    convolution, relu, addition = trace([Residual(branch)], Shape(3, 8))
    assert (convolution.inputs, relu.inputs) == ((0,), (1,))
    assert (addition.layer, addition.inputs) == (Addition(), (2, 0))
    assert addition.output_shape == Shape(3, 8)


def test_a_shortcut_of_layers_starts_from_the_same_input():
    block = Residual((Convolution(6, 3, stride=2),), (PaddedShortcut(6),))
    branch, shortcut, addition = trace([block], Shape(3, 7))
    assert (branch.inputs, shortcut.inputs, addition.inputs) == ((0,), (0,), (1, 2))
    assert shortcut.output_shape == branch.output_shape == addition.output_shape == Shape(6, 4)


def test_a_concatenation_appends_the_branchs_channels():
    dense = Concatenation((BatchNorm(), Convolution(2, 3)))
    operations = trace([dense, dense], Shape(5, 4))
    joins = [operation for operation in operations if isinstance(operation.layer, Join)]
    assert [operation.inputs for operation in joins] == [(0, 2), (3, 5)]
    assert [operation.output_shape for operation in joins] == [Shape(7, 4), Shape(9, 4)]


def test_branches_within_branches():
    inner = Residual((Convolution(3, 3),))
    operations = trace([Residual((ReLU(), inner))], Shape(3, 4))
    assert [operation.inputs for operation in operations] == [(0,), (1,), (2, 1), (3, 0)]
    network = _sequence([Residual((ReLU(), inner))], Shape(3, 4))
    assert network(torch.zeros(1, 3, 4, 4)).shape == (1, 3, 4, 4)


def test_every_tensor_is_made_before_it_is_read():
    dense = Concatenation((BatchNorm(), ReLU(), Convolution(2, 3)))
    block = Residual((dense, Convolution(3, 1)), ())
    for number, operation in enumerate(trace([block, block, AveragePool()], Shape(3, 8)), start=1):
        assert operation.output == number
        assert max(operation.inputs) < number


def test_flops_are_two_per_multiply_add():
    assert Convolution(4, 3, stride=2).flops(Shape(3, 9)) == 2 * 3 * 4 * 9 * 25
    assert Linear(7).flops(Shape(5, 1)) == 70
    assert ReLU().flops(Shape(5, 3)) == BatchNorm().flops(Shape(5, 3)) == 0


def test_an_unknown_layer_has_no_module():
    with pytest.raises(TypeError, match="no module for Addition"):
        _module(Addition(), Shape(1, 1))


@pytest.mark.parametrize(
    ("layer", "channels"),
    [
        (Convolution(6, 3, groups=6), 6),  # depthwise
        (Convolution(12, 3, stride=2, bias=True, groups=4), 4),  # depthwise, three outputs each
        (Convolution(4, 1, groups=2), 6),
    ],
)
def test_grouped_convolutions_are_counted_as_torch_counts_them(layer, channels):
    shape = Shape(channels, 9)
    module = _module(layer, shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        result = module(torch.zeros(1, channels, 9, 9))
    assert tuple(result.shape[1:]) == (layer.channels, *[layer.output(shape).size] * 2)
    assert layer.parameters(shape) == sum(tensor.numel() for tensor in module.parameters())
    assert layer.flops(shape) == counter.get_total_flops()


@pytest.mark.parametrize("groups", [0, 2, 3])
def test_groups_divide_the_channels_of_both_sides(groups):
    message = rf"groups={groups}\): expected a divisor of its 9 input and 4 output channels"
    with pytest.raises(DesignError, match=message):
        trace([Convolution(4, 3, groups=groups)], Shape(9, 8))
