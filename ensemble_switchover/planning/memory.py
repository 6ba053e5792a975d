"""Bytes that training needs, from the shapes of a network: tensor by tensor, no torch.

One step of one network is followed through its forward pass, its backward pass and the update, as
torch takes it. What an operation saves for the backward pass stays until that pass has been
through it; what nothing needs any more is gone. Left out is what no shape tells: the workspace of
convolutions, and the allocator's cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.design.layers import (
    BatchNorm,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Operation

INDEX_BYTES = 8
"""Of a position that max pooling remembers."""


def training_peak_bytes(
    operations: Sequence[Operation],
    batch_size: int,
    item_bytes: int = 4,
    *,
    update_copies: bool = True,
) -> int:
    """Return the most bytes that a training step of one network has at a moment.

    Weights, gradients, momentum, batch norms' statistics, activations, the batch. The step is one
    after the first: the momentum is there, and the gradients of the step before stay until the
    forward pass is over.

    Args:
        operations: The trace of the network.
        batch_size: Images of the step.
        item_bytes: Of one number: 4 for float32.
        update_copies: True if weight decay is added into a copy of all gradients, as torch's
            update of all tensors at once does; its fused one does not.
    """
    step = _Step(operations, batch_size, item_bytes)
    step.forward()
    step.backward()
    if update_copies:
        step.update()
    return step.peak


class _Step:
    """The bytes that are there at a moment of a step, and the most so far."""

    def __init__(self, operations: Sequence[Operation], batch_size: int, item_bytes: int) -> None:
        self.operations = operations
        self.num_images = batch_size
        self.item_bytes = item_bytes
        counts = [operation.layer.parameters(operation.input_shape) for operation in operations]
        self.weights = [count * item_bytes for count in counts]
        self.all_weights = sum(self.weights)
        statistics = sum(
            2 * operation.input_shape.channels * item_bytes
            for operation in operations
            if isinstance(operation.layer, BatchNorm)
        )
        self.sizes = {0: self._bytes(operations[0].input_shape.elements)}
        for operation in operations:
            self.sizes[operation.output] = self._bytes(operation.output_shape.elements)
        self.logits = operations[-1].output
        self.saved = [_saved(operation) for operation in operations]
        self.saves = [1] + [0] * len(operations)
        """How often a tensor is saved; the batch is there until the step is over."""
        self.live = self.sizes[0] + 3 * self.all_weights + statistics
        self.peak = self.live

    def forward(self) -> None:
        """Keep what is saved or still to be read; the loss saves the logits' log-softmax."""
        last_read = {
            tensor: number
            for number, operation in enumerate(self.operations)
            for tensor in operation.inputs
        }
        for number, (operation, saved) in enumerate(zip(self.operations, self.saved, strict=True)):
            self.add(self.sizes[operation.output] + self._positions(operation))
            for tensor in saved:
                self.saves[tensor] += 1
            for tensor in set(operation.inputs):
                if last_read[tensor] == number and not self.saves[tensor]:
                    self.live -= self.sizes[tensor]
        self.add(self.sizes[self.logits])
        self.live -= self.all_weights  # the gradients of the step before

    def backward(self) -> None:
        """Carry gradients back; an addition and a join pass on what they got, uncopied."""
        gradients = _Gradients(self)
        gradients.arrive(self.logits, gradients.new_place(self.sizes[self.logits]))
        self.live -= self.sizes[self.logits]  # what the loss saved
        steps = zip(self.operations, self.weights, self.saved, strict=True)
        for operation, weight, saved in reversed(list(steps)):
            if operation.layer.passes_gradient_on:
                gradients.pass_on(operation)
                continue
            self.add(weight)
            source = operation.inputs[0]
            place = gradients.new_place(self.sizes[source]) if source else None
            gradients.drop(operation.output)
            self.live -= self._positions(operation)
            for tensor in saved:
                self.saves[tensor] -= 1
                if not self.saves[tensor]:
                    self.live -= self.sizes[tensor]
            if place is not None:  # the images need no gradient
                gradients.arrive(source, place)

    def update(self) -> None:
        """Add the weight decay to all gradients at once, into a copy of them."""
        self.add(self.all_weights)

    def add(self, size: int) -> None:
        """Take so many bytes more."""
        self.live += size
        self.peak = max(self.peak, self.live)

    def _bytes(self, elements: int) -> int:
        return elements * self.num_images * self.item_bytes

    def _positions(self, operation: Operation) -> int:
        if not operation.layer.saves_positions:
            return 0
        return operation.output_shape.elements * self.num_images * INDEX_BYTES


class _Gradients:
    """The gradients that tensors wait with, each in a place in memory; places can be shared."""

    def __init__(self, step: _Step) -> None:
        self.step = step
        self.places: dict[int, int] = {}
        """The place of a tensor's gradient."""
        self.sizes: list[int] = []
        """Bytes of every place."""
        self.users: list[int] = []
        """How many gradients lie in a place."""

    def new_place(self, size: int) -> int:
        """Make a place that nothing uses yet."""
        self.step.add(size)
        self.sizes.append(size)
        self.users.append(0)
        return len(self.sizes) - 1

    def arrive(self, tensor: int, place: int) -> None:
        """Take a gradient for a tensor; a second one is added to the first.

        The sum is made in place if the first has its place for itself, else in a new one.
        """
        first = self.places.get(tensor)
        if first is None:
            self.places[tensor] = place
            self.users[place] += 1
            return
        size = self.step.sizes[tensor]
        if self.users[first] == 1 and self.sizes[first] == size:
            self._free_unused(place)
            return
        total = self.new_place(size)
        self.places[tensor] = total
        self.users[total] += 1
        self._release(first)
        self._free_unused(place)

    def pass_on(self, operation: Operation) -> None:
        """Give the gradient of a sum, or its parts of a join, to what came in."""
        place = self.places[operation.output]
        for tensor in operation.inputs:
            self.arrive(tensor, place)
        self.drop(operation.output)

    def drop(self, tensor: int) -> None:
        """Forget a gradient that was carried back."""
        self._release(self.places.pop(tensor))

    def _release(self, place: int) -> None:
        self.users[place] -= 1
        self._free_unused(place)

    def _free_unused(self, place: int) -> None:
        if not self.users[place]:
            self.step.live -= self.sizes[place]


def _saved(operation: Operation) -> list[int]:
    """List the tensors that an operation saves for its backward pass."""
    layer = operation.layer
    inputs = [operation.inputs[0]] if layer.saves_input else []
    return [*inputs, operation.output] if layer.saves_output else inputs
