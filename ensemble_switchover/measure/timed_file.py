"""What is timed: a file or cascade that is loaded and can be called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class TimedFile:
    """A model that is loaded and can be called."""

    name: str
    kind: str
    """`onnx`, `torch_export` or `cascade`."""
    precision: str
    predict: Callable[[Any], Any]
    """uint8 images (B, C, H, W) -> probabilities (B, classes), both in main memory."""
    shape: tuple[int, ...]
    """C, H, W."""
    runtime: str
    """`onnxruntime` or `torch`."""
    num_bytes: int
    sha256: str
    facts: dict[str, Any]
    """What the file says of itself: run, fingerprint, execution, and of a cascade its rule."""
    members_asked: Callable[[Any], Any] | None = None
    """Of a cascade: uint8 images -> members asked (B,)."""
    quality: dict[str, float] = field(default_factory=dict)
    """Error and difference on the given images."""
