"""Bytes that training takes, counted tensor by tensor from the shapes of a network, without torch.

One step of one network is followed through its forward pass, its backward pass and its update, in
torch's order. What an operation saves stays until the backward pass has used it; tensors that are
needed no longer are freed. Shapes do not show the workspace of convolutions or the allocator's
cache, so these are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.design.layers import BatchNorm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Operation

INDEX_BYTES = 8
"""Size of a position that max pooling saves."""


def training_peak_bytes(
    operations: Sequence[Operation],
    batch_size: int,
    item_bytes: int = 4,
    *,
    update_copies: bool = True,
) -> int:
    """Return the peak bytes of a training step of one network.

    They are those of weights, gradients, momentum, batch norms' statistics, activations and the
    batch. The step is not the first one: momentum exists, and the gradients of the previous step
    stay until the forward pass is over.

    Args:
        operations: The trace of the network.
        batch_size: The number of images in the step.
        item_bytes: The bytes of one number: 4 for float32.
        update_copies: Whether weight decay is added to a copy of all gradients, as torch's
            `foreach` update does; its `fused` update does not.
    """
    step = _Step(operations, batch_size, item_bytes)
    step.forward()
    step.backward()
    if update_copies:
        step.update()
    return step.peak


class _Step:
    """The live bytes at a moment of a step, and their peak so far."""

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
        """Tensor -> how many operations have saved it; the batch stays until the step ends."""
        self.live = self.sizes[0] + 3 * self.all_weights + statistics
        self.peak = self.live

    def forward(self) -> None:
        """Make the outputs and free inputs that nothing needs; the loss saves the log-softmax."""
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
        self.live -= self.all_weights  # the gradients of the previous step

    def backward(self) -> None:
        """Make the gradients from last to first; additions and concatenations copy none."""
        gradients = _Gradients(self)
        gradients.arrive(self.logits, gradients.new_storage(self.sizes[self.logits]))
        self.live -= self.sizes[self.logits]  # what the loss saved
        steps = zip(self.operations, self.weights, self.saved, strict=True)
        for operation, weight, saved in reversed(list(steps)):
            if operation.layer.passes_gradient_on:
                gradients.pass_on(operation)
                continue
            self.add(weight)
            source = operation.inputs[0]
            storage = gradients.new_storage(self.sizes[source]) if source else None
            gradients.drop(operation.output)
            self.live -= self._positions(operation)
            for tensor in saved:
                self.saves[tensor] -= 1
                if not self.saves[tensor]:
                    self.live -= self.sizes[tensor]
            if storage is not None:  # the images need no gradient
                gradients.arrive(source, storage)

    def update(self) -> None:
        """Add the weight decay to a copy of all gradients."""
        self.add(self.all_weights)

    def add(self, size: int) -> None:
        """Allocate bytes."""
        self.live += size
        self.peak = max(self.peak, self.live)

    def _bytes(self, elements: int) -> int:
        return elements * self.num_images * self.item_bytes

    def _positions(self, operation: Operation) -> int:
        if not operation.layer.saves_positions:
            return 0
        return operation.output_shape.elements * self.num_images * INDEX_BYTES


class _Gradients:
    """The gradients of tensors, each in a storage; several can share one."""

    def __init__(self, step: _Step) -> None:
        self.step = step
        self.storages: dict[int, int] = {}
        """Tensor -> the storage of its gradient."""
        self.sizes: list[int] = []
        """Storage -> its bytes."""
        self.users: list[int] = []
        """Storage -> the number of gradients in it."""

    def new_storage(self, size: int) -> int:
        """Allocate a storage that nothing uses yet."""
        self.step.add(size)
        self.sizes.append(size)
        self.users.append(0)
        return len(self.sizes) - 1

    def arrive(self, tensor: int, storage: int) -> None:
        """Receive a gradient for a tensor; a second one is added to the first.

        The sum is made in place if the first does not share its storage, else in a new storage.
        """
        first = self.storages.get(tensor)
        if first is None:
            self.storages[tensor] = storage
            self.users[storage] += 1
            return
        size = self.step.sizes[tensor]
        if self.users[first] == 1 and self.sizes[first] == size:
            self._free_unused(storage)
            return
        total = self.new_storage(size)
        self.storages[tensor] = total
        self.users[total] += 1
        self._release(first)
        self._free_unused(storage)

    def pass_on(self, operation: Operation) -> None:
        """Pass the gradient of an addition, or of a concatenation, on to its inputs."""
        storage = self.storages[operation.output]
        for tensor in operation.inputs:
            self.arrive(tensor, storage)
        self.drop(operation.output)

    def drop(self, tensor: int) -> None:
        """Free a gradient that the backward pass has used."""
        self._release(self.storages.pop(tensor))

    def _release(self, storage: int) -> None:
        self.users[storage] -= 1
        self._free_unused(storage)

    def _free_unused(self, storage: int) -> None:
        if not self.users[storage]:
            self.step.live -= self.sizes[storage]


def _saved(operation: Operation) -> list[int]:
    """List the tensors that an operation saves for its backward pass."""
    layer = operation.layer
    inputs = [operation.inputs[0]] if layer.saves_input else []
    return [*inputs, operation.output] if layer.saves_output else inputs
