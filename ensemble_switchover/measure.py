"""Time an exported file or cascade on the machine it is started on.

`python -m ensemble_switchover.measure ensemble.onnx`, or `python measure.py ensemble.onnx` on a
machine that has this one file, numpy, and onnxruntime or torch; nothing else of this program.

A call is timed from images in main memory (uint8, as decoded) to probabilities in main memory.
Percentiles are those of the calls; a call classifies a batch. One pass of a file is one call; with
a cascade, which takes longer for some images than for others, it is a call for every batch of the
given images. Files that are given together take turns, pass by pass, so that what
else the machine does meets all of them. Passes are repeated until the spread of their times, the
interquartile range, is below 5 % of the median, as `torch.utils.benchmark` does it
(`adaptive_autorange`), or until the time limit, which is then told.

Dimensions: B images a batch, N images, C channels, H and W pixels.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


TIMING_SCHEMA = "ensemble_switchover.timing/1"
"""What `--json` writes."""
PRECISIONS = ("float32", "float16", "int8")
DEFAULT_BATCH_SIZES = (1, 8, 32, 128)
SPREAD_LIMIT = 0.05
"""Largest interquartile range of the passes, over their median."""
MIN_PASSES = 10
MIN_CALLS = 100
"""Of fewer, a 99th percentile would be the slowest call."""
MAX_PASS_IMAGES = 512
"""Images of a pass of a cascade, spread evenly over those given."""
RAPL_ROOT = Path("/sys/class/powercap")
_MANIFEST = "cascade.json"
"""The file that describes an exported cascade."""
EXTRA_FILE = "ensemble_switchover.json"
"""The extra file of a `.pt2` with its metadata."""
_SIZE_TEXT = re.compile(
    r"(?:Symbol|Integer|Mul|Add|Pow|Max|Min|Mod|FloorDiv|positive|integer|nonnegative|True|False"
    r"|'[suz]\d+'|[suz]?\d+|[\s=,()*+/-])*"
)
"""Sizes as torch.export writes them; the library that reads them evaluates any text."""


class MeasureError(Exception):
    """What the user can correct, in one sentence."""


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


@dataclass
class Sample:
    """Times of one model at one batch size."""

    calls: list[float] = field(default_factory=list)
    """Seconds of every call."""
    passes: list[float] = field(default_factory=list)
    """Seconds of every pass, which is one or more calls."""

    @property
    def spread(self) -> float:
        """Interquartile range of the passes over their median; infinite for fewer than 10.

        >>> Sample(passes=[1.0] * 9).spread, Sample(passes=[1.0] * 10).spread
        (inf, 0.0)
        """
        if len(self.passes) < MIN_PASSES:
            return float("inf")
        lower, middle, upper = (percentile(self.passes, q) for q in (25, 50, 75))
        return (upper - lower) / middle

    @property
    def is_steady(self) -> bool:
        """Whether the spread is below the limit."""
        return self.spread < SPREAD_LIMIT


def percentile(values: Sequence[float], q: float) -> float:
    """Return a percentile, linear between the two values beside it (Hyndman and Fan's 7).

    >>> percentile([4.0, 1.0, 2.0, 3.0], 50), percentile([1.0], 99)
    (2.5, 1.0)
    """
    ordered = sorted(values)
    position = (len(ordered) - 1) * q / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def time_alternately(
    models: Sequence[Sequence[Callable[[], object]]],
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Sample]:
    """Time models in turn, pass by pass, until all are steady or the time is over.

    Args:
        models: The calls of one pass of each model.
        seconds: The limit for each model; all together have their sum.
        clock: Seconds from any moment.

    Returns:
        One sample for each model; with the limit reached, some may not be steady.
    """
    samples = [Sample() for _ in models]
    begin = clock()
    while True:
        for sample, calls in zip(samples, models):
            spent = 0.0
            for call in calls:
                before = clock()
                call()
                took = clock() - before
                sample.calls.append(took)
                spent += took
            sample.passes.append(spent)
        if all(len(s.calls) >= MIN_CALLS and s.is_steady for s in samples):
            return samples
        if clock() - begin >= seconds * len(models):
            return samples


def summarise_sample(sample: Sample, batch_size: int, num_images: int) -> dict[str, Any]:
    """Return the figures of a sample, each with its unit in its name.

    Args:
        sample: Of one model.
        batch_size: Images of a call.
        num_images: Images of a pass.
    """
    many = len(sample.calls) >= MIN_CALLS
    p99 = 1e3 * percentile(sample.calls, 99) if many else None
    mean = sum(sample.passes) / len(sample.passes)
    quartiles = [1e3 * percentile(sample.passes, q) / num_images for q in (25, 50, 75)]
    known = len(sample.passes) >= MIN_PASSES
    return {
        "batch_size": batch_size,
        "num_calls": len(sample.calls),
        "num_passes": len(sample.passes),
        "images_per_pass": num_images,
        "p50_ms_per_call": 1e3 * percentile(sample.calls, 50),
        "p90_ms_per_call": 1e3 * percentile(sample.calls, 90),
        "p99_ms_per_call": p99,
        "mean_ms_per_image": 1e3 * mean / num_images,
        "lower_quartile_ms_per_image": quartiles[0],
        "median_ms_per_image": quartiles[1],
        "upper_quartile_ms_per_image": quartiles[2],
        "images_per_second": num_images / mean,
        "spread_percent": 100 * sample.spread if known else None,
        "steady": sample.is_steady,
    }


# ------------------------------------------------------------------------------ energy


@dataclass
class RaplCounter:
    """The energy counter of one processor package: microjoules, which wrap around."""

    file: Path
    range_uj: int
    """Largest value, after which it begins at 0 again."""

    def read(self) -> int:
        """Return the counter in microjoules."""
        return int(self.file.read_text())

    def joules(self, before: int, after: int) -> float:
        """Return the energy between two readings, which it wrapped around at most once between."""
        return ((after - before) % (self.range_uj + 1)) / 1e6


def find_rapl(root: Path = RAPL_ROOT) -> tuple[list[RaplCounter], str | None]:
    """Find the energy counters of all processor packages (RAPL; AMD's have the same name).

    Returns:
        The counters that can be read, and why there is none, if there is none.
    """
    counters, denied = [], False
    for zone in sorted(root.glob("intel-rapl:*")):
        try:
            if not (zone / "name").read_text().startswith("package"):
                continue  # cores and memory within a package, and psys around all
            largest = int((zone / "max_energy_range_uj").read_text())
            counter = RaplCounter(zone / "energy_uj", largest)
            counter.read()
        except PermissionError:
            denied = True
        except (OSError, ValueError):
            continue
        else:
            counters.append(counter)
    if counters:
        return counters, None
    if denied:
        return [], (
            f"no joules of the processor: {root}/intel-rapl:*/energy_uj may be read by root alone; "
            f"start this as root, or make the files readable"
        )
    return [], f"no joules of the processor: no intel-rapl:* with a package in {root}"


def find_gpu() -> tuple[str, Callable[[], float] | None, str | None]:
    """Ask NVML for the first GPU that CUDA shows.

    Returns:
        Its name, what reads the joules that it has drawn, and why there is none, if there is none.
    """
    if find_spec("pynvml") is None:
        return "NVIDIA GPU", None, "no joules of the GPU: nvidia-ml-py is not installed"
    nvml: Any = import_module("pynvml")
    name = "NVIDIA GPU"
    try:
        nvml.nvmlInit()
        first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip() or "0"
        if first.isdecimal():
            gpu = nvml.nvmlDeviceGetHandleByIndex(int(first))
        else:
            gpu = nvml.nvmlDeviceGetHandleByUUID(first)
        name = nvml.nvmlDeviceGetName(gpu)
        nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    except nvml.NVMLError as error:
        return name, None, f"no joules of the GPU: {error}"
    return name, lambda: float(nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)) / 1e3, None


def measure_joules(
    calls: Sequence[Callable[[], object]],
    seconds: float,
    counters: Sequence[RaplCounter],
    gpu: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[int, float | None, float | None]:
    """Run whole passes for some seconds, and read the counters before and after.

    All that the processor or GPU draws counts, what it draws when idle too.

    Returns:
        The number of passes, joules of all processor packages, joules of the GPU.
    """
    before, gpu_before = [c.read() for c in counters], gpu() if gpu else 0.0
    begin, passes = clock(), 0
    while passes == 0 or clock() - begin < seconds:
        for call in calls:
            call()
        passes += 1
    after, gpu_after = [c.read() for c in counters], gpu() if gpu else 0.0
    used = [c.joules(a, b) for c, a, b in zip(counters, before, after)]
    return passes, sum(used) if counters else None, gpu_after - gpu_before if gpu else None


# ------------------------------------------------------------------------------- files


def load_file(path: Path, precision: str, threads: int, device: str) -> TimedFile:
    """Load a file or cascade.

    Args:
        path: An `.onnx`, a `.pt2`, the folder of a cascade or the manifest in it.
        precision: One of `PRECISIONS`; those beside float32 are for ONNX.
        threads: Threads within one call.
        device: `cpu` or `cuda`.

    Raises:
        MeasureError: if it cannot be read, or a package is missing.
    """
    if path.is_dir() or path.name == _MANIFEST:
        return _load_cascade(path if path.is_dir() else path.parent, precision, threads, device)
    if path.suffix not in (".onnx", ".pt2"):
        raise MeasureError(
            f"{path}: expected a file that ends in .onnx or .pt2, or the folder of a cascade with "
            f"{_MANIFEST} in it"
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MeasureError(f"{path}: {error.strerror}") from error
    if path.suffix == ".onnx":
        return _load_onnx(path, content, precision, threads, device)
    if precision != "float32":
        raise MeasureError(f"{path}: --precision {precision} is for .onnx; expected float32")
    return _load_torch(path, content, threads, device)


def _load_onnx(path: Path, content: bytes, precision: str, threads: int, device: str) -> TimedFile:
    runtime = _require("onnxruntime", f"{path}: is timed by onnxruntime")
    reduced = reduce_precision(content, precision)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    provider = _provider(device)
    try:
        session = runtime.InferenceSession(reduced, options, providers=[provider])
        (entry,), (answer,) = session.get_inputs(), session.get_outputs()
        facts = dict(session.get_modelmeta().custom_metadata_map)
    except Exception as error:
        raise MeasureError(f"{path}: onnxruntime cannot load it: {_first_line(error)}") from error
    if entry.type != "tensor(uint8)" or len(entry.shape) != 4:
        raise MeasureError(
            f"{path}: expected an input of uint8 (images, channels, height, width), as export "
            f"writes it, got {entry.type} of {entry.shape}"
        )
    return TimedFile(
        name=path.name,
        kind="onnx",
        precision=precision,
        predict=lambda images: session.run([answer.name], {entry.name: images})[0],
        shape=tuple(entry.shape[1:]),
        runtime="onnxruntime",
        num_bytes=len(reduced),
        sha256=hashlib.sha256(content).hexdigest(),
        facts=facts,
    )


def reduce_precision(content: bytes, precision: str) -> bytes:
    """Convert an ONNX model by onnxruntime's own tools.

    float16 has weights and arithmetic of half precision where the processor has it (else
    onnxruntime converts back and forth); int8 is dynamic quantisation: weights of 8 bits once,
    activations at each call.

    Args:
        content: The model in float32.
        precision: One of `PRECISIONS`.

    Raises:
        MeasureError: if a package is missing, or the tools cannot convert it.
    """
    if precision == "float32":
        return content
    onnx = _require("onnx", f"--precision {precision}: onnxruntime's tools need onnx")
    try:
        model = onnx.load_model_from_string(content)
        return _half(model) if precision == "float16" else _quantised(model)
    except Exception as error:
        raise MeasureError(f"--precision {precision}: {_first_line(error)}") from error


def _half(model: Any) -> bytes:
    tools = import_module("onnxruntime.transformers.float16")
    written = tools.convert_float_to_float16(model, keep_io_types=True)
    return bytes(written.SerializeToString())


def _quantised(model: Any) -> bytes:
    logging = import_module("logging")
    tools = import_module("onnxruntime.quantization")
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # it advises preprocessing, which changes nothing here
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "int8.onnx")
            tools.quantize_dynamic(model, out, weight_type=tools.QuantType.QUInt8)
            return out.read_bytes()
    finally:
        logging.root.setLevel(level)


def _load_torch(path: Path, content: bytes, threads: int, device: str) -> TimedFile:
    torch = _require("torch", f"{path}: is timed by torch")
    refuse_code(path)
    torch.set_num_threads(threads)
    extra = {EXTRA_FILE: ""}
    try:
        with _no_unpickling():
            program = torch.export.load(path, extra_files=extra)
        if device == "cuda":
            passes = import_module("torch.export.passes")
            program = passes.move_to_device_pass(program, "cuda")
        module = program.module()
        names = program.graph_signature.user_inputs
        entry = next(n for n in program.graph.nodes if n.name == names[0]).meta["val"]
        facts = json.loads(extra[EXTRA_FILE] or "{}")
    except Exception as error:
        raise MeasureError(f"{path}: torch cannot load it: {_first_line(error)}") from error
    if entry.dtype != torch.uint8 or entry.ndim != 4:
        raise MeasureError(
            f"{path}: expected an input of uint8 (images, channels, height, width), as export "
            f"writes it, got {entry.dtype} of {tuple(entry.shape)}"
        )

    def predict(images: Any) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(images).to(device)).cpu().numpy()

    return TimedFile(
        name=path.name,
        kind="torch_export",
        precision="float32",
        predict=predict,
        shape=tuple(int(size) for size in entry.shape[1:]),
        runtime="torch",
        num_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        facts=facts,
    )


def refuse_code(path: Path) -> None:
    """Refuse a `.pt2` with what torch.export.load would run: pickled objects and odd sizes.

    torch.export.load unpickles weights, constants and example inputs that are marked so (the last
    even after a first refusal), and has sympy evaluate the texts of sizes. The files of `export`
    have plain tensors and plain sizes alone.

    Raises:
        MeasureError: if it has such a thing, or is no archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            configs = [n for n in names if n.endswith("_config.json")]
            models = [n for n in names if re.search(r"/models/[^/]+\.json$", n)]
            pickled = any(
                entry.get("use_pickle") or not entry.get("tensor_meta")
                for name in configs
                for entry in json.loads(archive.read(name))["config"].values()
            )
            texts = [t for n in models for t in _size_texts(json.loads(archive.read(n)))]
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, AttributeError) as error:
        raise MeasureError(f"{path}: is no file of torch.export: {_first_line(error)}") from error
    if not models:
        raise MeasureError(f"{path}: is no file of torch.export of torch 2.8 or newer")
    odd = next((text for text in texts if not _SIZE_TEXT.fullmatch(text)), None)
    if pickled or odd is not None:
        what = "pickled objects" if pickled else f"{str(odd)[:60]!r} as a size"
        raise MeasureError(f"{path}: has {what}, which loading it would run; it is not loaded")


@contextmanager
def _no_unpickling() -> Iterator[None]:
    """Have torch read tensors alone: of example inputs it would else unpickle what is none."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _size_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "expr_str" and isinstance(inner, str):
                yield inner
            else:
                yield from _size_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _size_texts(inner)


def _load_cascade(folder: Path, precision: str, threads: int, device: str) -> TimedFile:
    runner = _runner(folder)
    try:
        manifest = runner.read_cascade_manifest(folder)
        runtime = {"onnx": "onnxruntime", "torch_export": "torch"}[manifest.form]
        _require(runtime, f"{folder}: is timed by {runtime}")
        if manifest.form == "torch_export" and (precision != "float32" or device != "cpu"):
            raise MeasureError(
                f"{folder}: expected --precision float32 and --device cpu for members of .pt2"
            )
        with tempfile.TemporaryDirectory() as reduced, _no_unpickling():
            place = folder
            if manifest.form == "torch_export":
                for name, _ in manifest.files:
                    refuse_code(folder / name)
            elif precision != "float32":
                place = _reduce_cascade(folder, Path(reduced), precision)
            options = {} if device == "cpu" else {"providers": [_provider(device)]}
            opened = runner.OnnxCascade if options else runner.open_cascade
            cascade = opened(place, threads, **options)
            cascade.load_all()  # else each member is loaded when it is asked first
            sizes = [(place / name).stat().st_size for name, _ in manifest.files]
    except MeasureError:
        raise
    except Exception as error:
        raise MeasureError(f"{folder}: cannot be loaded: {_first_line(error)}") from error
    facts = {key: manifest.facts.get(key) for key in ("run", "fingerprint")}
    own = {"rule": manifest.rule, "threshold": manifest.threshold, "order": list(manifest.order)}
    digests = "".join(digest for _, digest in manifest.files)
    return TimedFile(
        name=folder.resolve().name,
        kind="cascade",
        precision=precision,
        predict=lambda images: cascade.predict(images)[0],
        shape=tuple(manifest.image_shape),
        runtime=runtime,
        num_bytes=sum(sizes),
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        facts={"execution": "cascade", **facts, **own},
        members_asked=lambda images: cascade.predict(images)[1],
    )


def _reduce_cascade(folder: Path, reduced: Path, precision: str) -> Path:
    """Write a cascade with its members in another precision, and return its folder."""
    described = json.loads((folder / _MANIFEST).read_text("utf-8"))
    for member in described["members"]:
        content = (folder / member["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != member["sha256"]:
            raise MeasureError(f"{folder / member['file']}: damaged or replaced; export it again")
        content = reduce_precision(content, precision)
        (reduced / member["file"]).write_bytes(content)
        member["sha256"] = hashlib.sha256(content).hexdigest()
    (reduced / _MANIFEST).write_text(json.dumps(described), "utf-8")
    return reduced


def _runner(folder: Path) -> Any:
    """Return the program that runs a cascade: this one's, or the `cascade.py` beside this file."""
    try:
        return import_module("ensemble_switchover.serving.onnx_cascade")
    except ImportError:
        try:
            return import_module("cascade")
        except ImportError as error:
            raise MeasureError(
                f"{folder}: expected cascade.py, which is exported with it, beside this file"
            ) from error


def _provider(device: str) -> str:
    """Return what runs models of onnxruntime on a device."""
    provider = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}[device]
    if provider not in import_module("onnxruntime").get_available_providers():
        raise MeasureError(f"--device {device}: this onnxruntime has no {provider}")
    return provider


def _require(package: str, why: str) -> Any:
    if find_spec(package) is None:
        raise MeasureError(f"{why}, which is not installed here; pip install {package}")
    return import_module(package)


def _first_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:300]


# ------------------------------------------------------------------------------ images


def read_images(path: Path) -> tuple[Any, Any]:
    """Read `images`, uint8 (N, C, H, W), and `labels`, (N,), of a NumPy archive; nothing is run.

    Raises:
        MeasureError: if it is something else.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            images, labels = arrays["images"], arrays["labels"]
    except OSError as error:
        raise MeasureError(f"{path}: {error.strerror or _first_line(error)}") from error
    except Exception as error:
        raise MeasureError(
            f"{path}: expected a NumPy archive with images and labels: {_first_line(error)}"
        ) from error
    if images.dtype != np.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
        raise MeasureError(
            f"{path}: expected images of uint8 (N, C, H, W) and labels (N,), got {images.dtype} of "
            f"{images.shape} and labels of {labels.shape}"
        )
    if not len(images):
        raise MeasureError(f"{path}: has no images; expected at least one")
    return np.ascontiguousarray(images), labels


def add_quality(models: Sequence[TimedFile], images: Any, labels: Any) -> None:
    """Compute error and difference of every model on all given images, in batches of 128.

    The largest difference of a probability is that from the same file in float32.
    """
    import numpy as np

    exact: dict[str, Any] = {}
    for model in models:
        parts = [model.predict(images[i : i + 128]) for i in range(0, len(images), 128)]
        answer = np.concatenate(parts).astype(np.float64)
        model.quality["error_percent"] = 100 * float((answer.argmax(axis=1) != labels).mean())
        reference = exact.setdefault(model.sha256, answer)
        if model.precision != "float32":
            difference = float(np.abs(answer - reference).max())
            model.quality["largest_probability_difference"] = difference
        if model.members_asked is not None:
            asked = [model.members_asked(images[i : i + 128]) for i in range(0, len(images), 128)]
            members = np.concatenate(asked)
            model.quality["mean_members"] = float(members.mean())
            for q in (50, 90, 99):  # how many suffice for q % of the images, as in a record
                needed = max(1, -(-q * len(members) // 100))
                model.quality[f"members_p{q}"] = float(np.sort(members)[needed - 1])


def pass_batches(shape: tuple[int, ...], batch_size: int, images: Any, *, whole: bool) -> list[Any]:
    """Return the batches of one pass.

    Args:
        shape: C, H, W of the model.
        batch_size: Images of a batch.
        images: Those given, (N, C, H, W); None for noise.
        whole: Whether the pass goes through the given images, as a cascade's does and those of
            files beside it, up to 512 of them; else it is one batch of them.

    Raises:
        MeasureError: if the images are of another shape.
    """
    import numpy as np

    if images is None:
        size = (batch_size, *shape)
        return [np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)]
    if images.shape[1:] != shape:
        raise MeasureError(
            f"--images: expected images of (channels, height, width) {shape}, as the file takes "
            f"them, got {images.shape[1:]}"
        )
    if not whole:
        return [images[np.arange(batch_size) % len(images)]]
    wanted = max(batch_size, min(len(images), MAX_PASS_IMAGES) // batch_size * batch_size)
    chosen = images[np.linspace(0, len(images) - 1, wanted).round().astype(int)]
    return [chosen[i : i + batch_size] for i in range(0, wanted, batch_size)]


# ----------------------------------------------------------------------------- machine


def describe_machine(device: str, gpu_name: str) -> dict[str, Any]:
    """Return facts of this machine that decide times; not its own name, and no path."""
    processor = _processor()
    return {
        "device": device,
        "device_name": processor if device == "cpu" else gpu_name,
        "processor": processor,
        "num_processors": _num_processors(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _processor() -> str:
    """Return the processor's name; of a board without one, the board's."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
        return Path("/proc/device-tree/model").read_text().strip("\0 \n")
    except OSError:
        return platform.processor() or platform.machine()


def _num_processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _versions(runtimes: Sequence[str]) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("numpy", *sorted(set(runtimes))):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = str(getattr(import_module(name), "__version__", "unknown"))
    return found


# ----------------------------------------------------------------------------- command


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Load, check and time what was asked for, and return what `--json` writes.

    Raises:
        MeasureError: for what the user can correct.
    """
    images = labels = None
    if given.images is not None:
        images, labels = read_images(given.images)
    models = [
        load_file(path, precision, given.threads, given.device)
        for path in given.files
        for precision in given.precision
    ]
    if images is None and any(model.kind == "cascade" for model in models):
        raise MeasureError(
            "--images: expected images for a cascade: how many members it asks, and so its time, "
            "depends on them, and noise tells nothing of it"
        )
    if images is not None:
        for model in models:
            pass_batches(model.shape, 1, images, whole=False)  # refuses another shape
        add_quality(models, images, labels)
    remarks: list[str] = []
    counters, why = find_rapl()
    gpu_name, gpu, why_gpu = find_gpu() if given.device == "cuda" else ("", None, None)
    remarks += [line for line in (why_gpu, why) if line]
    whole = any(model.kind == "cascade" for model in models)  # all go through the same images
    timings: list[list[dict[str, Any]]] = [[] for _ in models]
    for size in given.batch_sizes:
        passes = [_calls(model, size, images, whole=whole) for model in models]
        for row, entry in zip(timings, _time(given, passes, size, counters, gpu)):
            row.append(entry)
    remarks += _unsteady(models, timings, given.seconds)
    return {
        "schema": TIMING_SCHEMA,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(given.device, gpu_name)
        | ({"name": given.name} if given.name else {}),
        "versions": _versions([model.runtime for model in models]),
        "threads": given.threads,
        "images": "noise" if images is None else "given",
        "num_images": None if images is None else len(images),
        "spread_limit_percent": 100 * SPREAD_LIMIT,
        "seconds_limit": given.seconds,
        "models": [
            {
                "file": model.name,
                "kind": model.kind,
                "sha256": model.sha256,
                "bytes": model.num_bytes,
                "runtime": model.runtime,
                "precision": model.precision,
                **{key: model.facts.get(key) for key in ("run", "fingerprint", "execution")},
                **{k: model.facts[k] for k in ("rule", "threshold", "order") if k in model.facts},
                **model.quality,
                "timings": rows,
            }
            for model, rows in zip(models, timings)
        ],
        "remarks": remarks,
    }


def _calls(
    model: TimedFile, size: int, images: Any, *, whole: bool
) -> tuple[list[Callable[[], object]], int]:
    """Return the calls of a pass, and its images."""
    batches = pass_batches(model.shape, size, images, whole=whole)
    calls: list[Callable[[], object]] = [partial(model.predict, batch) for batch in batches]
    return calls, sum(len(batch) for batch in batches)


def _time(
    given: argparse.Namespace,
    passes: Sequence[tuple[list[Callable[[], object]], int]],
    size: int,
    counters: Sequence[RaplCounter],
    gpu: Callable[[], float] | None,
) -> list[dict[str, Any]]:
    """Warm up, time all models in turn, and measure the energy of each by itself."""
    for calls, _ in passes:
        begin, done = time.perf_counter(), 0
        try:
            while done < 3 or time.perf_counter() - begin < given.warm_up_seconds:
                calls[done % len(calls)]()
                done += 1
        except Exception as error:
            raise MeasureError(f"batch size {size}: cannot be run: {_first_line(error)}") from error
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        samples = time_alternately([calls for calls, _ in passes], given.seconds)
    finally:
        if was_enabled:
            gc.enable()
    rows = []
    for sample, (calls, num_images) in zip(samples, passes):
        row = summarise_sample(sample, size, num_images)
        if counters or gpu:
            done, cpu, of_gpu = measure_joules(calls, given.energy_seconds, counters, gpu)
            for name, joules in (("processor", cpu), ("gpu", of_gpu)):
                if joules is not None:
                    row[f"{name}_joules_per_image"] = joules / done / num_images
        rows.append(row)
    return rows


def _unsteady(
    models: Sequence[TimedFile], timings: Sequence[Sequence[dict[str, Any]]], seconds: float
) -> list[str]:
    """Say which times are not steady."""
    lines = []
    for model, rows in zip(models, timings):
        for row in rows:
            if not row["steady"]:
                spread = row["spread_percent"]
                why = (
                    f"only {row['num_passes']} passes were done"
                    if spread is None
                    else f"the quartiles lie {spread:.0f} % of the median apart"
                )
                lines.append(
                    f"{model.name} ({model.precision}) at batch size {row['batch_size']}: {why} "
                    f"after {seconds:g} s; something else may share the machine, or its clock "
                    f"changes; a longer --seconds may help"
                )
    return lines


def table_lines(found: dict[str, Any]) -> list[str]:
    """Lay out what was measured as a table for a terminal."""
    titles = ["file", "precision", "batch", "p50 ms", "p90 ms", "p99 ms", "ms/image", "images/s"]
    joules = [key for key in ("processor_joules_per_image", "gpu_joules_per_image")
              if any(key in row for m in found["models"] for row in m["timings"])]  # fmt: skip
    titles += [key.replace("_joules_per_image", " J/image") for key in joules]
    rows = [titles]
    for model in found["models"]:
        for row in model["timings"]:
            calls = [row[f"p{q}_ms_per_call"] for q in (50, 90, 99)]
            shown = [_figures(value) for value in (*calls, row["mean_ms_per_image"])]
            shown.append(f"{row['images_per_second']:,.0f}")
            shown += [_figures(row.get(key)) for key in joules]
            rows.append([model["file"], model["precision"], str(row["batch_size"]), *shown])
    widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
    return [
        "  ".join(
            text.ljust(width) if i < 2 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _figures(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def quality_lines(found: dict[str, Any]) -> list[str]:
    """Say what every model erred on the given images, and what a cascade asked."""
    lines = []
    for model in found["models"]:
        if "error_percent" in model:
            text = (
                f"{model['file']} ({model['precision']}): {model['error_percent']:.2f} % error on "
                f"{found['num_images']} images"
            )
            if "largest_probability_difference" in model:
                text += (
                    f", probabilities differ by up to {model['largest_probability_difference']:.2g}"
                )
            if "mean_members" in model:
                text += f", {model['mean_members']:.2f} members asked on average"
            lines.append(text)
    return lines


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65536:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 65536, not {text}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"expected seconds, above 0, not {text}")
    return value


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.measure" if __package__ else None,
        description="Time exported files on this machine, with onnxruntime or torch. This one file "
        "also runs by itself: python measure.py FILE needs numpy, and onnxruntime or torch.",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help=f"an .onnx, a .pt2, or the folder of a cascade with its {_MANIFEST}; several take "
        "turns",
    )  # fmt: skip
    parser.add_argument(
        "--batch-sizes", nargs="+", type=_positive, default=list(DEFAULT_BATCH_SIZES), metavar="B",
        help="images of a call; default: 1 8 32 128",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=_positive, default=_num_processors(), metavar="N",
        help="threads of a call; default: all processors of this process",
    )  # fmt: skip
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument(
        "--precision", nargs="+", choices=PRECISIONS, default=["float32"],
        help="of .onnx: as exported, or converted by onnxruntime's tools; default: float32",
    )  # fmt: skip
    parser.add_argument(
        "--images", type=Path, metavar="FILE.npz",
        help="images, uint8 (N, C, H, W), and labels (N,): the error is told, and a cascade, which "
        "needs them, is timed on them; default: noise",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=_seconds, default=10.0, metavar="S",
        help="at most so long for each file and batch size; default: 10",
    )  # fmt: skip
    parser.add_argument(
        "--warm-up-seconds", type=_seconds, default=0.3, metavar="S",
        help="not timed, before each; default: 0.3",
    )  # fmt: skip
    parser.add_argument(
        "--energy-seconds", type=_seconds, default=2.0, metavar="S",
        help="for joules, where they can be read; default: 2",
    )  # fmt: skip
    parser.add_argument("--name", help="a name of your own for this machine, in --json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, 2 for a mistake, 130 for Ctrl-C.
    """
    parser = make_parser()
    _tell_version(parser)
    given = parser.parse_args(arguments)
    try:
        found = measure(given)
        machine = found["machine"]
        versions = ", ".join(f"{k} {v}" for k, v in found["versions"].items())
        threads = f"{given.threads} thread{'' if given.threads == 1 else 's'}"
        print(f"{machine['device_name']}, {threads}; {versions}")
        print("\n".join([*table_lines(found), *quality_lines(found)]))
        for remark in found["remarks"]:
            print(remark, file=sys.stderr)
        if given.json is not None:
            _write(given.json, json.dumps(found, indent=1) + "\n")
            print(given.json)
    except MeasureError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def _tell_version(parser: argparse.ArgumentParser) -> None:
    """Add `--version`: the program's, or by itself that of what it writes."""
    if __package__:
        from ensemble_switchover.config.command_line import version_text

        parser.add_argument("--version", action="version", version=version_text())
    else:
        parser.add_argument("--version", action="version", version=TIMING_SCHEMA)


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise MeasureError(f"--json {path}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
