"""What a family of networks is: two knobs, their valid values, and the layers that follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from ensemble_switchover.errors import DesignError

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Layer

MAX_DEPTH = 10_000
"""Beyond any network that trains; counting layer by layer would take ever longer."""


@dataclass(frozen=True, slots=True)
class ImageTask:
    """What a network must fit: square images of `channels` x `size` x `size`, in `num_classes`."""

    channels: int
    size: int
    num_classes: int


@dataclass(frozen=True)
class Family(ABC):
    """A family of networks `N(w, d)`; subclasses hold the family's options as fields."""

    name: ClassVar[str]
    depth_offset: ClassVar[int]
    """The constant of the depth formula, such as 2 in 6n+2."""
    width_name: ClassVar[str]
    """What the width factor is called in the family's paper."""
    default_depth: ClassVar[int]
    default_width: ClassVar[int]

    @property
    @abstractmethod
    def depth_step(self) -> int:
        """The step of the depth formula, such as 6 in 6n+2."""

    @abstractmethod
    def layers(self, depth: int, width: int, task: ImageTask) -> list[Layer]:
        """List every layer that holds parameters, from the image to the classifier."""

    @property
    def smallest_depth(self) -> int:
        """The depth at n = 1."""
        return self.depth_step + self.depth_offset

    @property
    def options(self) -> dict[str, Any]:
        """The family's options by name."""
        return asdict(self)

    def has_depth(self, depth: int) -> bool:
        """Tell whether a network of that depth exists."""
        return depth >= self.smallest_depth and (depth - self.depth_offset) % self.depth_step == 0

    def check(self, depth: int, width: int) -> None:
        """Refuse knobs that the family does not have.

        Raises:
            DesignError: naming the knob, the valid values and the nearest ones.
        """
        if not self.has_depth(depth):
            n = max(1, (depth - self.depth_offset) // self.depth_step)
            lower = n * self.depth_step + self.depth_offset
            nearest = f"{lower} and {lower + self.depth_step}" if depth > lower else f"{lower}"
            raise DesignError(
                f"depth={depth}: a {self.name} has depth "
                f"{self.depth_step}n+{self.depth_offset}, n at least 1; nearest: {nearest}"
            )
        if depth > MAX_DEPTH:
            raise DesignError(f"depth={depth}: expected at most {MAX_DEPTH}")
        if width < 1:
            raise DesignError(f"width={width}: expected a {self.width_name} of at least 1")

    def parameters(self, depth: int, width: int, task: ImageTask) -> int:
        """Count the trainable parameters of one network, `|N(w, d)|`, exactly."""
        return _counts(self, depth, width, task)[0]

    def flops(self, depth: int, width: int, task: ImageTask) -> int:
        """Count the operations of one forward pass on one image, 2 per multiply-add."""
        return _counts(self, depth, width, task)[1]


@lru_cache(maxsize=65536)
def _counts(family: Family, depth: int, width: int, task: ImageTask) -> tuple[int, int]:
    family.check(depth, width)
    layers = family.layers(depth, width, task)
    return sum(layer.parameters for layer in layers), sum(layer.flops for layer in layers)
