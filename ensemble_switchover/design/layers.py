"""The layers of networks as plain data, with their output shapes, parameters and FLOPs.

A network is a sequence of layers; the input channels of a layer are the output channels of the
layer before. `networks/build.py` turns layers into torch modules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Shape(NamedTuple):
    """The shape of one image's activations: `channels` x `size` x `size`."""

    channels: int
    size: int

    @property
    def elements(self) -> int:
        """The number of values, `channels * size^2`."""
        return self.channels * self.size**2


class Layer(ABC):
    """One layer of a network; `shape` is the shape of its input in every method."""

    __slots__ = ()

    saves_input: ClassVar[bool] = False
    """Whether the backward pass needs the input."""
    saves_output: ClassVar[bool] = False
    """Whether the backward pass needs the output."""
    saves_positions: ClassVar[bool] = False
    """Whether the backward pass needs the input position of every output value."""
    passes_gradient_on: ClassVar[bool] = False
    """Whether the gradient of an input is (a view of) the gradient of the output, not a copy."""

    @abstractmethod
    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output."""

    def parameters(self, shape: Shape) -> int:
        """Count the trainable parameters."""
        del shape
        return 0

    def flops(self, shape: Shape) -> int:
        """Count the FLOPs of the matrix products for one image, 2 per multiply-add.

        All other operations are left out, as is usual.
        """
        del shape
        return 0


@dataclass(frozen=True, slots=True)
class Convolution(Layer):
    """A convolution with a square kernel, padded so that stride 1 keeps the size.

    With `groups`, each group of input channels makes a group of output channels; with as many
    groups as input channels the convolution is depthwise.
    """

    channels: int
    kernel: int
    stride: int = 1
    bias: bool = False
    groups: int = 1

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output, whose size is `ceil(size / stride)`.

        Raises:
            DesignError: if the groups do not divide the channels of the input and the output.
        """
        if self.groups < 1 or shape.channels % self.groups or self.channels % self.groups:
            raise DesignError(
                f"Convolution(groups={self.groups}): expected a divisor of its {shape.channels} "
                f"input and {self.channels} output channels"
            )
        return Shape(self.channels, -(-shape.size // self.stride))

    def parameters(self, shape: Shape) -> int:
        """Count `inputs / groups * channels * kernel^2` weights, and the bias."""
        return self.channels * (shape.channels // self.groups * self.kernel**2 + self.bias)

    def flops(self, shape: Shape) -> int:
        """Count `2 * inputs / groups * channels * kernel^2` FLOPs for every output pixel."""
        weights = shape.channels // self.groups * self.channels * self.kernel**2
        return 2 * weights * self.output(shape).size ** 2


@dataclass(frozen=True, slots=True)
class BatchNorm(Layer):
    """Batch normalisation with a trainable scale and shift per channel."""

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the input."""
        return shape

    def parameters(self, shape: Shape) -> int:
        """Count a scale and a shift per channel."""
        return 2 * shape.channels


@dataclass(frozen=True, slots=True)
class ReLU(Layer):
    """The rectified linear unit: negative values become zero."""

    saves_output: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the input."""
        return shape


@dataclass(frozen=True, slots=True)
class ReLU6(Layer):
    """The rectified linear unit, cut off at 6."""

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the input."""
        return shape


@dataclass(frozen=True, slots=True)
class MaxPool(Layer):
    """The maximum of every 2x2 pixels."""

    saves_input: ClassVar[bool] = True
    saves_positions: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: half the size, rounded up."""
        return Shape(shape.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class AveragePool(Layer):
    """The mean of every 2x2 pixels."""

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: half the size, rounded up."""
        return Shape(shape.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class GlobalAveragePool(Layer):
    """The mean of every channel."""

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: one value per channel."""
        return Shape(shape.channels, 1)


@dataclass(frozen=True, slots=True)
class Linear(Layer):
    """A linear classifier with bias, applied after global average pooling."""

    outputs: int

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: one logit per class."""
        del shape
        return Shape(self.outputs, 1)

    def parameters(self, shape: Shape) -> int:
        """Count the weights and biases."""
        return (shape.channels + 1) * self.outputs

    def flops(self, shape: Shape) -> int:
        """Count `2 * inputs * outputs` FLOPs."""
        return 2 * shape.channels * self.outputs


@dataclass(frozen=True, slots=True)
class PaddedShortcut(Layer):
    """Every second pixel, with zeros for the added channels (He et al. 2016, option A)."""

    channels: int

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: half the size, rounded up."""
        return Shape(self.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class Residual:
    """The sum of a branch and a shortcut; an empty shortcut is the identity."""

    branch: tuple[Network, ...]
    shortcut: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Concatenation:
    """The channels of the input followed by those of a branch."""

    branch: tuple[Network, ...]


Network = Layer | Residual | Concatenation
"""A layer, or a group of layers that branch and join."""


@dataclass(frozen=True, slots=True)
class Addition(Layer):
    """The sum of two branches."""

    passes_gradient_on: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the input."""
        return shape


@dataclass(frozen=True, slots=True)
class Join(Layer):
    """The concatenated channels of two branches, `channels` in total."""

    channels: int

    passes_gradient_on: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output: the channels of both branches."""
        return Shape(self.channels, shape.size)


class Operation(NamedTuple):
    """One layer of a network with its inputs and output; the image is tensor number 0."""

    layer: Layer
    inputs: tuple[int, ...]
    """The numbers of the input tensors."""
    output: int
    """The number of the output tensor."""
    input_shape: Shape
    """The shape of the first input."""
    output_shape: Shape


def trace(network: Iterable[Network], image: Shape) -> list[Operation]:
    """List the operations of a network in the order of the forward pass.

    Args:
        network: The layers of the network.
        image: The shape of an input image.
    """
    operations: list[Operation] = []
    _append_operations(network, 0, image, operations)
    return operations


def _append_operations(
    network: Iterable[Network], tensor: int, shape: Shape, operations: list[Operation]
) -> tuple[int, Shape]:
    """Append the operations on input `tensor` of `shape`; return the output's number and shape."""
    for part in network:
        inputs: tuple[int, ...] = (tensor,)
        layer: Layer
        input_shape = shape
        if isinstance(part, Residual):
            branch, input_shape = _append_operations(part.branch, tensor, shape, operations)
            shortcut, _ = _append_operations(part.shortcut, tensor, shape, operations)
            inputs, layer = (branch, shortcut), Addition()
        elif isinstance(part, Concatenation):
            branch, grown = _append_operations(part.branch, tensor, shape, operations)
            inputs, layer = (tensor, branch), Join(shape.channels + grown.channels)
        else:
            layer = part
        tensor, shape = len(operations) + 1, layer.output(input_shape)
        operations.append(Operation(layer, inputs, tensor, input_shape, shape))
    return tensor, shape
