"""Time of a network's layers in a forward and a backward pass, by kind of layer (Figure E).

The clock is read where a layer begins and ends, after the device's queued work. Reading it takes
time itself, so these times are no part of the training time.

Dimensions: B images, C channels, H and W pixels.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from ensemble_switchover.networks.build import (
    ConcatenationModule,
    GlobalAveragePoolModule,
    PaddedShortcutModule,
    ResidualModule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from torch import Tensor

LAYER_KINDS: dict[type[nn.Module], str] = {
    nn.Conv2d: "convolution",
    nn.BatchNorm2d: "batch norm",
    nn.ReLU: "ReLU",
    nn.ReLU6: "ReLU",
    nn.Linear: "linear",
    nn.MaxPool2d: "pooling",
    nn.AvgPool2d: "pooling",
    GlobalAveragePoolModule: "pooling",
    ResidualModule: "addition",
    PaddedShortcutModule: "shortcut",
    ConcatenationModule: "concatenation",
}
"""Modules whose time is measured separately, without the time of modules inside them. Work outside
of them counts as `other` in the forward pass, and for the following layer in the backward pass."""

OTHER = "other"
LAYER_WARM_UP_STEPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTime:
    """Median and quartiles, over the repeats, of the time of all layers of one kind together."""

    kind: str
    num_layers: int
    batch_size: int
    repeats: int
    median_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float


class LayerStopwatch:
    """Adds up the time in which each kind of layer is at work."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a clock that returns seconds."""
        self.clock = clock
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._kinds = [OTHER]
        """Kinds of the layers at work in the forward pass, the innermost last."""
        self._charged = OTHER
        self._mark = 0.0

    def watch(self, network: nn.Module) -> None:
        """Time the layers of a network from now on."""
        for module in network.modules():
            kind = LAYER_KINDS.get(type(module))
            if kind is not None:
                module.register_forward_pre_hook(lambda _, __, kind=kind: self._enter(kind))
                module.register_forward_hook(
                    lambda _, __, output, kind=kind: self._leave(output, kind)
                )

    def start(self) -> None:
        """Begin a step."""
        self.seconds.clear()
        self._charged = OTHER
        self._mark = self.clock()

    def stop(self) -> dict[str, float]:
        """End a step, and return the seconds of each kind."""
        self._charge(OTHER)
        return dict(self.seconds)

    def _charge(self, kind: str) -> None:
        """Add the time since the last call to the kind that was at work; `kind` is at work now."""
        now = self.clock()
        self.seconds[self._charged] += now - self._mark
        self._charged = kind
        self._mark = now

    def _enter(self, kind: str) -> None:
        self._kinds.append(kind)
        self._charge(kind)

    def _leave(self, output: Tensor, kind: str) -> None:
        self._kinds.pop()
        self._charge(self._kinds[-1])

        def gradient_is_there(_: Tensor) -> None:
            self._charge(kind)

        output.register_hook(gradient_is_there)  # type: ignore[no-untyped-call]


def measure_layer_times(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    repeats: int,
    clock: Callable[[], float],
    computing: Callable[[], AbstractContextManager[Any]],
) -> list[LayerTime]:
    """Time the layers of a network on one batch, forward and backward, by kind.

    Args:
        network: Its weights stay, but its statistics change, so it should not be used afterwards.
        images: (B, C, H, W)
        labels: (B,)
        repeats: The number of timed steps, after two untimed ones.
        clock: Returns seconds, after the device's queued work.
        computing: Makes the context of a forward pass.
    """
    stopwatch = LayerStopwatch(clock)
    stopwatch.watch(network)
    network.train()
    steps: list[dict[str, float]] = []
    for _ in range(LAYER_WARM_UP_STEPS + repeats):
        network.zero_grad()
        stopwatch.start()
        with computing():
            loss = functional.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        steps.append(stopwatch.stop())
    counts = Counter(
        LAYER_KINDS[type(module)] for module in network.modules() if type(module) in LAYER_KINDS
    )
    return [
        _summarise(kind, counts[kind], len(images), [step[kind] for step in steps[-repeats:]])
        for kind in sorted(steps[0], key=lambda kind: (kind == OTHER, kind))
    ]


def _summarise(kind: str, num_layers: int, batch_size: int, seconds: Sequence[float]) -> LayerTime:
    lower, middle, upper = (1000 * quantile for quantile in quantiles(seconds, method="inclusive"))
    return LayerTime(
        kind=kind,
        num_layers=num_layers,
        batch_size=batch_size,
        repeats=len(seconds),
        median_ms=middle,
        lower_quartile_ms=lower,
        upper_quartile_ms=upper,
    )
