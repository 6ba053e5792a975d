"""The layers that networks are made of, as data: their shapes, parameters and operations.

A network is a sequence of layers; which channels come in follows from the layer before. What torch
makes of each is in `networks/build.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Shape(NamedTuple):
    """What one image has become: `channels` maps of `size` x `size` pixels."""

    channels: int
    size: int

    @property
    def elements(self) -> int:
        """Numbers in it."""
        return self.channels * self.size**2


class Layer(ABC):
    """One step of a network."""

    __slots__ = ()

    saves_input: ClassVar[bool] = False
    """True if the backward pass needs its input."""
    saves_output: ClassVar[bool] = False
    """True if the backward pass needs its output."""
    saves_positions: ClassVar[bool] = False
    """True if the backward pass needs where each number of the output came from."""
    passes_gradient_on: ClassVar[bool] = False
    """True if what comes in gets the gradient of the output, or a part of it, uncopied."""

    @abstractmethod
    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out."""

    def parameters(self, shape: Shape) -> int:
        """Count its trainable numbers."""
        del shape
        return 0

    def flops(self, shape: Shape) -> int:
        """Count the operations for one image, 2 per multiply-add, of matrix products alone.

        The others are few, and left out, as is usual.
        """
        del shape
        return 0


@dataclass(frozen=True, slots=True)
class Convolution(Layer):
    """A square convolution that keeps the size at stride 1."""

    channels: int
    kernel: int
    stride: int = 1
    bias: bool = False

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: `ceil(size / stride)`, padded by half the kernel."""
        return Shape(self.channels, -(-shape.size // self.stride))

    def parameters(self, shape: Shape) -> int:
        """Count `inputs * channels * kernel^2`, and the bias."""
        return self.channels * (shape.channels * self.kernel**2 + self.bias)

    def flops(self, shape: Shape) -> int:
        """Count `2 * inputs * channels * kernel^2` for every pixel that comes out."""
        weights = shape.channels * self.channels * self.kernel**2
        return 2 * weights * self.output(shape).size ** 2


@dataclass(frozen=True, slots=True)
class BatchNorm(Layer):
    """Batch normalisation with a trainable scale and shift per channel."""

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: the same."""
        return shape

    def parameters(self, shape: Shape) -> int:
        """Count a scale and a shift per channel."""
        return 2 * shape.channels


@dataclass(frozen=True, slots=True)
class ReLU(Layer):
    """Negative numbers become zero."""

    saves_output: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: the same."""
        return shape


@dataclass(frozen=True, slots=True)
class MaxPool(Layer):
    """The largest of every 2x2 pixels."""

    saves_input: ClassVar[bool] = True
    saves_positions: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: half the size, rounded up."""
        return Shape(shape.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class AveragePool(Layer):
    """The mean of every 2x2 pixels."""

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: half the size, rounded up."""
        return Shape(shape.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class GlobalAveragePool(Layer):
    """The mean of every channel."""

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: one number a channel."""
        return Shape(shape.channels, 1)


@dataclass(frozen=True, slots=True)
class Linear(Layer):
    """A linear classifier with bias, after global pooling."""

    outputs: int

    saves_input: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: one number a class."""
        del shape
        return Shape(self.outputs, 1)

    def parameters(self, shape: Shape) -> int:
        """Count weights and biases."""
        return (shape.channels + 1) * self.outputs

    def flops(self, shape: Shape) -> int:
        """Count `2 * inputs * outputs`."""
        return 2 * shape.channels * self.outputs


@dataclass(frozen=True, slots=True)
class PaddedShortcut(Layer):
    """Every second pixel, and zeros for the channels that are new (He et al. 2016, option A)."""

    channels: int

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: half the size, rounded up."""
        return Shape(self.channels, -(-shape.size // 2))


@dataclass(frozen=True, slots=True)
class Residual:
    """A branch, and a shortcut around it that is added; without layers it is the input itself."""

    branch: tuple[Network, ...]
    shortcut: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Concatenation:
    """A branch whose channels are appended to its input's."""

    branch: tuple[Network, ...]


Network = Layer | Residual | Concatenation
"""A layer, or layers that branch and join."""


@dataclass(frozen=True, slots=True)
class Addition(Layer):
    """The sum of two branches."""

    passes_gradient_on: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: the same."""
        return shape


@dataclass(frozen=True, slots=True)
class Join(Layer):
    """The channels of two branches, side by side; `channels` in all."""

    channels: int

    passes_gradient_on: ClassVar[bool] = True

    def output(self, shape: Shape) -> Shape:
        """Tell the shape that comes out: the channels of both."""
        return Shape(self.channels, shape.size)


class Operation(NamedTuple):
    """One layer at its place in a network; tensors are numbered, and the image is number 0."""

    layer: Layer
    inputs: tuple[int, ...]
    output: int
    input_shape: Shape
    """Of the first input."""
    output_shape: Shape


def trace(network: Iterable[Network], image: Shape) -> list[Operation]:
    """List every operation of a network in the order of the forward pass."""
    operations: list[Operation] = []
    _follow(network, 0, image, operations)
    return operations


def _follow(
    network: Iterable[Network], tensor: int, shape: Shape, operations: list[Operation]
) -> tuple[int, Shape]:
    for part in network:
        inputs: tuple[int, ...] = (tensor,)
        layer: Layer
        into = shape
        if isinstance(part, Residual):
            branch, into = _follow(part.branch, tensor, shape, operations)
            kept, _ = _follow(part.shortcut, tensor, shape, operations)
            inputs, layer = (branch, kept), Addition()
        elif isinstance(part, Concatenation):
            branch, grown = _follow(part.branch, tensor, shape, operations)
            inputs, layer = (tensor, branch), Join(shape.channels + grown.channels)
        else:
            layer = part
        tensor, shape = len(operations) + 1, layer.output(into)
        operations.append(Operation(layer, inputs, tensor, into, shape))
    return tensor, shape
