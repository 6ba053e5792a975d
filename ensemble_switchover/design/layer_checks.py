"""What is wrong with the layers that a family lists, before anything is counted or built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.design.layers import (
    Addition,
    Concatenation,
    Convolution,
    Join,
    Layer,
    Linear,
    PaddedShortcut,
    Residual,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Operation, Shape

HOME = "ensemble_switchover.design.layers"
_NUMBERS: dict[type[Layer], tuple[str, ...]] = {
    Convolution: ("channels", "kernel", "stride", "groups"),
    Linear: ("outputs",),
    PaddedShortcut: ("channels",),
}
"""Kind of layer -> its whole numbers."""


def parts_problem(network: Any) -> str | None:
    """Return why something is no network of layers, or None.

    >>> parts_problem([Convolution(8, 3), "relu"])
    "expected layers of ensemble_switchover.design.layers, and 'relu' (str) came"
    """
    if not isinstance(network, list | tuple):
        return f"expected a list or tuple of layers, and {network!r:.80} came"
    return next((problem for problem in map(_part_problem, network) if problem is not None), None)


def _part_problem(part: Any) -> str | None:
    """Return why something is no part of a network, or None."""
    if isinstance(part, Residual):
        return parts_problem(part.branch) or parts_problem(part.shortcut)
    if isinstance(part, Concatenation):
        return parts_problem(part.branch)
    if not isinstance(part, Layer):
        came = f"{part!r:.80} ({type(part).__name__})".replace("\n", " ")
        return f"expected layers of {HOME}, and {came} came"
    for name in _NUMBERS.get(type(part), ()):
        value = getattr(part, name)
        if not isinstance(value, int) or value < 1:
            return f"{part}: expected {name} to be a whole number of at least 1, and {value} came"
    if isinstance(part, Convolution) and part.kernel % 2 == 0:
        return f"{part}: expected an odd kernel, which padding centres on a pixel"
    return None


def shapes_problem(operations: Sequence[Operation], image: Shape, num_classes: int) -> str | None:
    """Return why tensors of a network do not fit together or are no logits, or None.

    Args:
        operations: The network's, in the order of the forward pass.
        image: The shape of an input image.
        num_classes: The number of logits.
    """
    shapes = [image]
    for layer, inputs, _, shape, output in operations:
        first, *others = [shapes[number] for number in inputs]
        if isinstance(layer, Addition) and others != [first]:
            return f"expected a Residual to add two equal shapes, and {_sizes(first, *others)} came"
        if isinstance(layer, Join) and any(one.size != first.size for one in others):
            return f"expected a Concatenation of equal sizes, and {_sizes(first, *others)} came"
        if isinstance(layer, Linear) and shape.size != 1:
            return f"expected GlobalAveragePool before {layer}, and {_sizes(shape)} came"
        shapes.append(output)
    last = operations[-1].layer if operations else None
    if not isinstance(last, Linear) or last.outputs != num_classes:
        return f"expected Linear({num_classes}) as the last layer, and {last} came"
    return None


def _sizes(*shapes: Shape) -> str:
    texts = [f"{shape.channels}x{shape.size}x{shape.size}" for shape in shapes]
    return " and ".join(texts)
