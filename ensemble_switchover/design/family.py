"""The base class of network families: valid depths and widths, and the layers of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from ensemble_switchover.design.layer_checks import parts_problem, shapes_problem
from ensemble_switchover.design.layers import Shape, trace
from ensemble_switchover.errors import ConfigError, DesignError, first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.design.layers import Network, Operation

MAX_DEPTH = 10_000
"""Deeper than any network that trains; the time to count parameters grows with the depth."""

MAX_WIDTH = 1_000_000
"""Wider than any network that fits into memory."""


@dataclass(frozen=True, slots=True)
class ImageTask:
    """The task of a network: to sort images of `channels` x `size` x `size` into `num_classes`."""

    channels: int
    size: int
    num_classes: int


@dataclass(frozen=True)
class Family(ABC):
    """A family of networks `N(w, d)`; the fields of a subclass are the family's options."""

    name: ClassVar[str]
    width_name: ClassVar[str]
    """The name of the width factor in the family's paper."""
    default_depth: ClassVar[int]
    default_width: ClassVar[int]

    @property
    @abstractmethod
    def depths(self) -> Sequence[int]:
        """The family's valid depths in ascending order, as a range or a tuple."""

    @abstractmethod
    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        """List the layers of one network, from the image to the classifier."""

    @property
    def options(self) -> dict[str, Any]:
        """The family's options and their values."""
        return asdict(self)

    def check(self, depth: int, width: int) -> None:
        """Check that the family has a network of this depth and width.

        Raises:
            DesignError: if it has none; names the valid and the nearest values.
        """
        if depth not in self.depths:
            raise DesignError(f"depth={depth}: {_expected_depths(self, depth)}")
        if width > MAX_WIDTH:
            raise DesignError(f"width={width}: expected at most {MAX_WIDTH:,}")
        if width < 1:
            raise DesignError(f"width={width}: expected a {self.width_name} of at least 1")

    def trace(self, depth: int, width: int, task: ImageTask) -> list[Operation]:
        """List the layers of one network with their shapes, in the order of the forward pass.

        Raises:
            DesignError: if the family has no such network.
            ConfigError: if what `layers` returns is no network, or it fails.
        """
        return _trace(self, depth, width, task)

    def parameters(self, depth: int, width: int, task: ImageTask) -> int:
        """Count the trainable parameters of one network, `|N(w, d)|`, exactly."""
        return _counts(self, depth, width, task)[0]

    def flops(self, depth: int, width: int, task: ImageTask) -> int:
        """Count the FLOPs of the forward pass for one image, 2 per multiply-add."""
        return _counts(self, depth, width, task)[1]

    def num_layers(self, depth: int, width: int, task: ImageTask) -> int:
        """Count the convolutions, those in shortcuts included, and the classifier."""
        return _counts(self, depth, width, task)[2]


@lru_cache(maxsize=4)  # consecutive calls are mostly about the same network
def _trace(family: Family, depth: int, width: int, task: ImageTask) -> list[Operation]:
    family.check(depth, width)
    where = f"arch={family.name}: the layers of depth {depth} and width {width}"
    image = Shape(task.channels, task.size)
    try:
        network = family.layers(depth, width, task.num_classes)
        problem = parts_problem(network)
        operations = [] if problem else trace(network, image)
    except DesignError as error:
        raise DesignError(f"{where}: {error}") from error
    except Exception as error:  # whatever a family of others raises
        name = f"{type(family).__module__}.{type(family).__qualname__}"
        said = f"{type(error).__name__}: {first_line(error)}"
        raise ConfigError(f"{where}: {name}.layers fails with {said}") from error
    problem = problem or shapes_problem(operations, image, task.num_classes)
    if problem:
        raise ConfigError(f"{where}: {problem}")
    return operations


@lru_cache(maxsize=65536)
def _counts(family: Family, depth: int, width: int, task: ImageTask) -> tuple[int, int, int]:
    parameters = flops = num_layers = 0
    for layer, _, _, shape, _ in family.trace(depth, width, task):
        parameters += layer.parameters(shape)
        layer_flops = layer.flops(shape)
        flops += layer_flops
        num_layers += layer_flops > 0
    return parameters, flops, num_layers


def _expected_depths(family: Family, depth: int) -> str:
    depths = family.depths
    if depth > depths[-1]:
        return f"expected at most {depths[-1]}"
    valid = ", ".join(map(str, depths))
    if isinstance(depths, range):
        valid = f"{depths.step}n+{depths.start - depths.step}, n at least 1"
    above = bisect_left(depths, depth)
    nearest = " and ".join(str(value) for value in depths[max(0, above - 1) : above + 1])
    return f"a {family.name} has depth {valid}; nearest: {nearest}"
