"""How k members' convolutions of one layer are computed fastest: by a shape, forward and backward.

On a CUDA device every path is one CUDA graph, so launches cost nothing in any; elsewhere there are
no graphs and no streams.

Dimensions: k members, B images, C channels, H pixels.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from benchmarks.common import alternate
from benchmarks.gpu_day.cases import BATCH_SIZE, NETWORKS, PRECISIONS, Case, K
from benchmarks.gpu_day.item import Item, Stage
from ensemble_switchover.design.layers import Convolution
from ensemble_switchover.measurement.timing import synchronised_clock
from ensemble_switchover.training.precision import use_precision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from benchmarks.gpu_day.item import Circumstances, Settings
    from ensemble_switchover.config.run_spec import RunSpec

MAX_SHAPES = {False: 8, True: 2}
"""Of one network, by whether the day is tiny."""
REPEATS = {False: 20, True: 1}
"""Of all members' convolution in what is timed once."""
INPUT_SETS = 4
"""Different inputs, so that no cache holds them all."""
ROUNDS = 7
PATHS = {
    "grouped NCHW": (True, False, False),
    "grouped NHWC": (True, True, False),
    "k in turn NCHW": (False, False, False),
    "k in turn NHWC": (False, True, False),
    "k on streams NCHW": (False, False, True),
    "k on streams NHWC": (False, True, True),
}
"""Name -> whether members are groups, channels are last, and each member has a stream."""


class ConvolutionShape(NamedTuple):
    """A convolution of one member."""

    inputs: int
    outputs: int
    size: int
    """Pixels of a side of the input."""
    kernel: int
    stride: int

    @property
    def label(self) -> str:
        """Such as `16-16 3x3 @32`; `/2` is a stride.

        >>> ConvolutionShape(16, 32, 32, 3, 2).label
        '16-32 3x3/2 @32'
        """
        stride = f"/{self.stride}" if self.stride > 1 else ""
        return f"{self.inputs}-{self.outputs} {self.kernel}x{self.kernel}{stride} @{self.size}"


def shapes_of(spec: RunSpec, most: int) -> list[ConvolutionShape]:
    """List the shapes of a member's convolutions; if there are too many, some from all depths."""
    design = spec.design
    found: dict[ConvolutionShape, None] = {}
    for operation in spec.family.trace(design.depth, design.width, spec.task):
        layer, shape = operation.layer, operation.input_shape
        if isinstance(layer, Convolution) and layer.groups == 1:
            key = (shape.channels, layer.channels, shape.size, layer.kernel, layer.stride)
            found[ConvolutionShape(*key)] = None
    shapes = list(found)
    if len(shapes) <= most:
        return shapes
    return [shapes[round(number * (len(shapes) - 1) / (most - 1))] for number in range(most)]


def measure_paths(case: Case, here: Circumstances) -> dict[str, Any]:
    """Time all paths of every shape alternately.

    Returns:
        For each shape the seconds of every path in every round, and why others have none.
    """
    precision = use_precision(case.precision, here.device)
    dtype = precision.mixed or precision.dtype
    spec, _ = case.resolve(tiny=here.tiny)
    clock = synchronised_clock(here.device)
    shapes = {}
    for shape in shapes_of(spec, MAX_SHAPES[here.tiny]):
        bodies, left_out = {}, {}
        for name, (grouped, last, streams) in PATHS.items():
            try:
                bodies[name] = _path(
                    shape, dtype, here, grouped=grouped, last=last, streams=streams
                )
            except (RuntimeError, NotImplementedError) as error:
                left_out[name] = str(error).splitlines()[0][:200]
                if here.device.type == "cuda":
                    torch.cuda.synchronize(here.device)
        seconds = alternate(bodies, clock, rounds=ROUNDS, warm_up_rounds=2, until=here.deadline)
        shapes[shape.label] = {"seconds": seconds, "left_out": left_out}
    return {
        "shapes": shapes, "repeats": REPEATS[here.tiny], "k": K,
        "batch_size": BATCH_SIZE[here.tiny], "graphs": here.device.type == "cuda",
    }  # fmt: skip


def _path(
    shape: ConvolutionShape,
    dtype: torch.dtype,
    here: Circumstances,
    *,
    grouped: bool,
    last: bool,
    streams: bool,
) -> Callable[[], object]:
    """Return what computes a path `REPEATS` times.

    Raises:
        RuntimeError: if it is impossible here.
    """
    if streams and here.device.type != "cuda":
        raise RuntimeError("streams are CUDA's")
    groups, copies = (K, 1) if grouped else (1, K)
    layout = torch.channels_last if last else torch.contiguous_format

    def made(*sizes: int) -> Tensor:
        return torch.randn(sizes, device=here.device, dtype=dtype).to(memory_format=layout)

    batch, side = BATCH_SIZE[here.tiny], -(-shape.size // shape.stride)
    weights = [
        made(groups * shape.outputs, shape.inputs, shape.kernel, shape.kernel)
        for _ in range(copies)
    ]
    images, gradients = (
        [
            [made(batch, groups * channels, size, size) for _ in range(copies)]
            for _ in range(INPUT_SETS)
        ]
        for channels, size in ((shape.inputs, shape.size), (shape.outputs, side))
    )

    def one_pass(member: int, number: int) -> None:
        settings = ([shape.stride] * 2, [shape.kernel // 2] * 2, [1, 1], False, [0, 0], groups)
        image, weight = images[number % INPUT_SETS][member], weights[member]
        torch.ops.aten.convolution(image, weight, None, *settings)
        torch.ops.aten.convolution_backward(
            gradients[number % INPUT_SETS][member], image, weight, None, *settings,
            [True, True, False],
        )  # fmt: skip

    with torch.no_grad():
        if here.device.type != "cuda":
            return partial(_in_turn, one_pass, copies, REPEATS[here.tiny])
        return _captured(one_pass, copies, REPEATS[here.tiny], here.device, streams=streams)


def _in_turn(one_pass: Callable[[int, int], None], copies: int, repeats: int) -> None:
    for number in range(repeats):
        for member in range(copies):
            one_pass(member, number)


def _captured(
    one_pass: Callable[[int, int], None],
    copies: int,
    repeats: int,
    device: torch.device,
    *,
    streams: bool,
) -> Callable[[], object]:
    """Capture all passes as one CUDA graph, each member's on a stream of its own if asked."""
    aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        _in_turn(one_pass, copies, 2)  # libraries choose their kernels before the capture
    torch.cuda.current_stream(device).wait_stream(aside)
    torch.cuda.synchronize(device)
    own = [torch.cuda.Stream(device) for _ in range(copies)]  # type: ignore[no-untyped-call]
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        if streams:
            current = torch.cuda.current_stream(device)
            for member, stream in enumerate(own):
                stream.wait_stream(current)
                with torch.cuda.stream(stream):
                    for number in range(repeats):
                        one_pass(member, number)
            for stream in own:
                current.wait_stream(stream)
        else:
            _in_turn(one_pass, copies, repeats)
    return partial(_replay, graph, one_pass)


def _replay(graph: torch.cuda.CUDAGraph, _reads: object) -> None:
    """Replay a graph; what holds the tensors that it reads lives as long as it does."""
    graph.replay()


def fastest(seconds: dict[str, Sequence[float]]) -> str | None:
    """Return the path with the least median; None where none was timed.

    >>> fastest({"grouped NCHW": [3.0, 2.0, 9.0], "grouped NHWC": [4.0, 4.0, 1.0]})
    'grouped NCHW'
    """
    timed = {name: sorted(own)[len(own) // 2] for name, own in seconds.items() if own}
    return min(timed, key=lambda name: timed[name]) if timed else None


def make_stage(settings: Settings) -> Stage:
    """Make the stage: every network's deq members in every precision."""
    items = tuple(
        Item(
            f"convolutions: {network} deq, {precision}",
            partial(measure_paths, Case(network, "deq", precision)),
            limit_seconds=30,
        )
        for precision in ("bf16", *(one for one in PRECISIONS if one != "bf16"))
        for network in NETWORKS[settings.tiny]
    )
    return Stage("convolutions", 0.09, items)
