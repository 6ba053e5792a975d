"""The layers that hold parameters, with exact counts. A network is a list of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Convolution:
    """A square convolution without bias, `inputs` to `outputs` channels.

    `size` is the side of its output in pixels.
    """

    inputs: int
    outputs: int
    kernel: int
    size: int

    @property
    def parameters(self) -> int:
        """Trainable weights: `inputs * outputs * kernel^2`."""
        return self.inputs * self.outputs * self.kernel**2

    @property
    def flops(self) -> int:
        """Operations for one image, 2 per multiply-add."""
        return 2 * self.parameters * self.size**2


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """Batch normalisation with a trainable scale and shift per channel."""

    channels: int

    @property
    def parameters(self) -> int:
        """Trainable weights: a scale and a shift per channel."""
        return 2 * self.channels

    @property
    def flops(self) -> int:
        """Left out of the count, as is usual; it is a small share of a network's operations."""
        return 0


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier with bias."""

    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Trainable weights and biases."""
        return (self.inputs + 1) * self.outputs

    @property
    def flops(self) -> int:
        """Operations for one image, 2 per multiply-add."""
        return 2 * self.inputs * self.outputs


Layer = Convolution | BatchNorm | Linear
