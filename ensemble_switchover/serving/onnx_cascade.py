"""Run an exported cascade: an ensemble's members asked in turn, until they are sure of an image.

This file needs Python 3.9 or newer, numpy, and onnxruntime (or torch, where the members are files
of torch.export). It lies beside the exported members as `cascade.py`:

    python cascade.py images.npy        # uint8 (N, C, H, W), as decoded; or `images` of a .npz
    python cascade.py cat.png dog.jpg   # with Pillow

After member m an image's answer is the mean of the first m members' probabilities. It stops once
the score of that mean reaches the threshold (Wang et al., Wisdom of Committees, ICLR 2022, section
4), and the batch shrinks to the images that go on.

Dimensions: k members, N or B images, C channels, H and W pixels.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import math
import os
import sys
import zipfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MANIFEST_FILE, RUNNER_FILE = "cascade.json", "cascade.py"
"""The description of an exported cascade in its folder, and this program beside it."""
MANIFEST_SCHEMA = "ensemble_switchover/cascade/1"
ONNX_FORM, TORCH_FORM = "onnx", "torch_export"
SCORES = ("confidence", "margin")
IMAGE_MODES = {1: "L", 3: "RGB"}
ARRAY_SUFFIXES = (".npy", ".npz")


class CascadeError(ValueError):
    """An exported cascade, or images, that cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class CascadeManifest:
    """What `cascade.json` says, checked."""

    form: str
    """`onnx` or `torch_export`: the format of the members' files."""
    rule: str
    """Score of a mean: `confidence`, its largest probability, or `margin`, that less the second."""
    threshold: float
    """Least score at which an image stops."""
    order: tuple[int, ...]
    """The members in the order in which they are asked."""
    files: tuple[tuple[str, str], ...]
    """Name and SHA-256 of each member's file, in the order in which they were trained."""
    image_shape: tuple[int, int, int]
    """(C, H, W)"""
    class_names: tuple[str, ...]
    """One for each class, in the order of the labels; empty if they have none."""
    averaged_from: int | None
    """Side in pixels from which the images of the training were averaged; None if they were not."""
    facts: dict[str, Any]
    """All of the file, with run, fingerprint and errors."""


def read_cascade_manifest(folder: Path) -> CascadeManifest:
    """Read and check the description of an exported cascade.

    Raises:
        CascadeError: if it is absent, damaged, of another version, or names files elsewhere.
    """
    path = folder / MANIFEST_FILE
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CascadeError(f"{path}: {error.strerror or error}; expected it in {folder}") from None
    except ValueError as error:
        raise CascadeError(f"{path}: expected JSON, found other text ({error})") from None

    def expect(key: str, what: str, is_right: Callable[[Any], bool]) -> Any:
        value = facts.get(key) if isinstance(facts, dict) else None
        if not is_right(value):
            raise CascadeError(f"{path}: {key}: expected {what}, found {_shown(value)}")
        return value

    expect("schema", MANIFEST_SCHEMA, lambda value: value == MANIFEST_SCHEMA)
    form = expect(
        "format", f"{ONNX_FORM} or {TORCH_FORM}", lambda value: value in (ONNX_FORM, TORCH_FORM)
    )
    rule = expect("rule", " or ".join(SCORES), lambda value: value in SCORES)
    threshold = expect("threshold", "a finite number of at least 0", _is_threshold)
    members = expect(
        "members", "a list of files, each with its sha256, in the folder itself", _are_members
    )
    k = len(members)
    order = expect(
        "order", f"each of the members 0 to {k - 1} once", lambda value: _is_order(value, k)
    )
    shape = expect("image_shape", "three sizes, (C, H, W)", _is_shape)
    side = expect(
        "averaged_from",
        "a larger side than that of the images, or nothing",
        lambda value: value is None or (type(value) is int and value > max(shape[1:])),
    )
    names = expect("class_names", "a list of texts", _are_texts)
    return CascadeManifest(
        form=form,
        rule=rule,
        threshold=float(threshold),
        order=tuple(order),
        files=tuple((member["file"], member["sha256"]) for member in members),
        image_shape=tuple(shape),
        class_names=tuple(names),
        averaged_from=side,
        facts=facts,
    )


class ExportedCascade(ABC):
    """An exported cascade, which maps images as they are decoded to probabilities."""

    def __init__(self, folder: str | Path, form: str, threshold: float | None) -> None:
        self.folder = Path(folder)
        self.manifest = read_cascade_manifest(self.folder)
        found = self.manifest.form
        if found != form:
            raise CascadeError(
                f"{self.folder / MANIFEST_FILE}: format: expected {form}, found {found}"
            )
        if threshold is not None and not _is_threshold(threshold):
            raise CascadeError(
                f"threshold: expected a finite number of at least 0, found {_shown(threshold)}"
            )
        self.threshold = self.manifest.threshold if threshold is None else float(threshold)
        """Least score at which an image stops."""
        self._members: dict[int, Callable[[np.ndarray], np.ndarray]] = {}

    @abstractmethod
    def _load(self, content: bytes) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function from images to probabilities that a file's content holds."""

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map images (B, C, H, W), `uint8` as they are decoded, to what the cascade answers.

        Returns:
            Probabilities (B, classes) in float32, and the number of members asked (B,), 1 to k.

        Raises:
            CascadeError: if the images are of another type or shape.
        """
        images = self._checked(images)
        rows = np.arange(len(images))
        order = self.manifest.order
        total = self._ask(order[0], images)
        probabilities, asked = total.copy(), np.ones(len(images), dtype=np.int64)
        for position, member in enumerate(order[1:], start=2):
            mean = total / np.float32(position - 1)
            # in double precision, so that the threshold is not rounded
            unsure = ~(_score(mean, self.manifest.rule).astype(np.float64) >= self.threshold)
            if not unsure.any():
                break
            images, total, rows = images[unsure], total[unsure], rows[unsure]
            total = total + self._ask(member, images)
            probabilities[rows], asked[rows] = total / np.float32(position), position
        return probabilities, asked

    def load_all(self) -> None:
        """Load every member now; otherwise each is loaded when it is asked first.

        Raises:
            CascadeError: if a file is absent, or not the one that was exported.
        """
        for member in self.manifest.order:
            self._member(member)

    def _ask(self, member: int, images: np.ndarray) -> np.ndarray:
        return self._member(member)(images)

    def _member(self, member: int) -> Callable[[np.ndarray], np.ndarray]:
        if member not in self._members:
            self._members[member] = self._load(self._content(member))
        return self._members[member]

    def _content(self, member: int) -> bytes:
        """Read a member's file, and compare it with its checksum."""
        name, expected = self.manifest.files[member]
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CascadeError(f"{path}: {error.strerror or error}; export it again") from None
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise CascadeError(
                f"{path}: damaged or replaced: expected SHA-256 {expected[:16]}..., found "
                f"{found[:16]}...; export it again"
            )
        return content

    def _checked(self, images: np.ndarray) -> np.ndarray:
        channels, height, width = self.manifest.image_shape
        expected = f"uint8 images (B, {channels}, {height}, {width}), at least one"
        if not isinstance(images, np.ndarray):
            raise CascadeError(f"images: expected {expected}, found {type(images).__name__}")
        if images.dtype != np.uint8:
            raise CascadeError(
                f"images: expected {expected}, found {images.dtype}; (255 * images).round()."
                f"astype('uint8') makes them of floats from 0 to 1"
            )
        if images.ndim != 4 or images.shape[1:] != self.manifest.image_shape or not len(images):
            raise CascadeError(f"images: expected {expected}, found the shape {images.shape}")
        return images


class OnnxCascade(ExportedCascade):
    """An exported cascade whose members run in onnxruntime."""

    def __init__(
        self,
        folder: str | Path,
        threads: int | None = None,
        *,
        threshold: float | None = None,
        providers: Sequence[str] = ("CPUExecutionProvider",),
    ) -> None:
        """Open an exported cascade.

        Args:
            folder: It, with `cascade.json`.
            threads: Of each member; by default as many as onnxruntime takes.
            threshold: In place of the one in the file.
            providers: Those of onnxruntime, such as `CUDAExecutionProvider`.

        Raises:
            CascadeError: if it is not what was exported.
        """
        super().__init__(folder, ONNX_FORM, threshold)
        self._threads, self._providers = threads, list(providers)

    def _load(self, content: bytes) -> Callable[[np.ndarray], np.ndarray]:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise CascadeError(
                "onnxruntime is not installed; python -m pip install onnxruntime does it"
            ) from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only, no warnings about the machine
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
        session = onnxruntime.InferenceSession(content, options, providers=self._providers)
        return lambda images: session.run(None, {"images": images})[0]


class TorchCascade(ExportedCascade):
    """An exported cascade whose members are files of torch.export, run by torch on the CPU."""

    def __init__(
        self, folder: str | Path, threads: int | None = None, *, threshold: float | None = None
    ) -> None:
        """Open an exported cascade; load only what you exported yourself.

        Args:
            folder: It, with `cascade.json`.
            threads: Of torch in this process; by default as they are.
            threshold: In place of the one in the file.

        Raises:
            CascadeError: if it is not what was exported.
        """
        super().__init__(folder, TORCH_FORM, threshold)
        if threads is not None:
            _torch().set_num_threads(threads)

    def _load(self, content: bytes) -> Callable[[np.ndarray], np.ndarray]:
        torch = _torch()
        module = torch.export.load(io.BytesIO(content)).module()

        def predict(images: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                probabilities: np.ndarray = module(torch.from_numpy(images)).numpy()
            return probabilities

        return predict


def open_cascade(
    folder: str | Path, threads: int | None = None, *, threshold: float | None = None
) -> ExportedCascade:
    """Open an exported cascade of either format.

    Args:
        folder: It, with `cascade.json`.
        threads: Of each member; by default as many as the library takes.
        threshold: In place of the one in the file.

    Raises:
        CascadeError: if it is not what was exported.
    """
    if read_cascade_manifest(Path(folder)).form == TORCH_FORM:
        return TorchCascade(folder, threads, threshold=threshold)
    return OnnxCascade(folder, threads, threshold=threshold)


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer images: a line for each, with its class, the probability, and the members asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "images", nargs="+", type=Path, help="images.npy, images.npz, or image files"
    )
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="the cascade")
    parser.add_argument("--threshold", type=float, help="in place of the one in the file")
    parser.add_argument("--threads", type=int, help="of each member")
    parser.add_argument("--batch-size", type=int, default=128, help="images at a time")
    given = parser.parse_args(arguments)
    if given.batch_size < 1 or (given.threads is not None and given.threads < 1):
        parser.error("--batch-size and --threads: expected at least 1")
    try:
        cascade = open_cascade(given.folder, given.threads, threshold=given.threshold)
        asked = [members for path in given.images for members in _answer(cascade, path, given)]
        k = len(cascade.manifest.order)
        print(f"# {len(asked)} images asked {np.mean(asked):.2f} of {k} members on average")
        sys.stdout.flush()
    except CascadeError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # a reader such as head has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _answer(cascade: ExportedCascade, path: Path, given: argparse.Namespace) -> Iterator[int]:
    """Print the answers for one file of images, and yield the members that each asked."""
    images = decode_images(path, cascade.manifest.image_shape, cascade.manifest.averaged_from)
    is_array = path.suffix in ARRAY_SUFFIXES
    names = cascade.manifest.class_names
    for start in range(0, len(images), given.batch_size):
        probabilities, asked = cascade.predict(images[start : start + given.batch_size])
        for row, number in enumerate(asked.tolist()):
            best = int(probabilities[row].argmax())
            name = f"{path}[{start + row}]" if is_array else str(path)
            shown = names[best] if names else str(best)
            print(f"{name}\t{shown}\t{probabilities[row, best]:.4f}\t{number}")
            yield number


def decode_images(
    path: Path, image_shape: tuple[int, int, int], averaged_from: int | None = None
) -> np.ndarray:
    """Read `uint8` images (N, C, H, W): those of a .npy or .npz file, or one image with Pillow.

    Of an archive, .npz, they are `images`, as `measure` takes them. An image file is made what the
    ensembles of this program are trained on: grey or colour, its central square, resized with
    antialiasing. Where the images of the training were averaged from larger ones, it is made as
    large as these were, and its pixels are averaged over areas as theirs. An array holds images
    that have been averaged already.

    Raises:
        CascadeError: if it cannot be read.
    """
    channels, height, width = image_shape
    try:
        if path.suffix in ARRAY_SUFFIXES:
            return _images_of_array(path, image_shape)
        from PIL import Image, ImageOps

        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
    except ModuleNotFoundError:
        raise CascadeError(f"{path}: Pillow, which reads it, is not installed") from None
    except CascadeError:
        raise
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise CascadeError(f"{path}: expected images, and could not read any ({error})") from None
    if image.mode[0] in "FI" or channels not in IMAGE_MODES:
        raise CascadeError(
            f"{path}: expected 8 bits a pixel, found mode {image.mode}, for {channels} channels; a "
            f".npy file of uint8 (N, C, H, W) can hold what is meant"
        )
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", opaque.size, "white"), opaque)
    image = image.convert(IMAGE_MODES[channels])
    short = min(image.size)
    left, top = (round((side - short) / 2) for side in image.size)
    square = image.crop((left, top, left + short, top + short))
    sides = (width, height) if averaged_from is None else (averaged_from, averaged_from)
    resized = np.asarray(square.resize(sides, Image.Resampling.BILINEAR), dtype=np.uint8)
    pixels = resized.reshape(1, *sides[::-1], channels).transpose(0, 3, 1, 2)
    return pixels.copy() if averaged_from is None else _averaged(pixels, height)


def _averaged(images: np.ndarray, side: int) -> np.ndarray:
    """Average square images (N, C, S, S) over the areas that fewer pixels cover."""
    whole = images.shape[-1]
    positions = np.arange(whole * side).reshape(whole, side)  # units, of each pixel of the whole
    weights = np.zeros((side, whole))
    for pixel, covered in enumerate(positions // whole):
        np.add.at(weights[:, pixel], covered, 1)
    sums = weights @ images.astype(np.float64) @ weights.T
    return np.asarray(np.rint(sums / whole**2), dtype=np.uint8)


def _images_of_array(path: Path, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Read images (N, C, H, W), at least one, from a .npy file, or as `images` from a .npz file."""
    with path.open("rb") as file:  # which numpy leaves open where it is no archive
        loaded = np.load(file, allow_pickle=False)
        array: np.ndarray = loaded if isinstance(loaded, np.ndarray) else loaded["images"]
    if array.shape == image_shape:
        array = array[None]
    if array.dtype != np.uint8 or array.shape[1:] != image_shape or not len(array):
        raise CascadeError(
            f"{path}: expected uint8 images (N, {', '.join(map(str, image_shape))}), at least one, "
            f"found {array.dtype} of {array.shape}; (255 * images).round().astype('uint8') makes "
            "uint8 of floats from 0 to 1"
        )
    return array


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise CascadeError("torch is not installed; python -m pip install torch does it") from None
    return torch


def _score(mean: np.ndarray, rule: str) -> np.ndarray:
    """Return the score (B,) of mean probabilities (B, classes)."""
    largest: np.ndarray = mean.max(axis=1)
    if rule == "confidence" or mean.shape[1] == 1:
        return largest
    # NaN is sorted to the end, so the score of a mean with it is NaN, and the image goes on
    margin: np.ndarray = largest - np.partition(mean, -2, axis=1)[:, -2]
    return margin


def _is_threshold(value: object) -> bool:
    is_number = isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value)) and float(value) >= 0  # type: ignore[arg-type]


def _is_order(value: object, k: int) -> bool:
    return _are_sizes(value, least=0) and sorted(value) == list(range(k))  # type: ignore[call-overload]


def _is_shape(value: object) -> bool:
    return _are_sizes(value, least=1) and len(value) == 3  # type: ignore[arg-type]


def _are_sizes(value: object, least: int) -> bool:
    return isinstance(value, list) and all(type(one) is int and one >= least for one in value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_members(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and _is_member(one) for one in value)
    )


def _is_member(entry: dict[str, Any]) -> bool:
    """Return whether an entry names a file in the folder itself, and its checksum."""
    name, checksum = entry.get("file"), entry.get("sha256")
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and not any(sign in name for sign in "/\\:\0")
        and isinstance(checksum, str)
        and len(checksum) == 64
    )


def _shown(value: object) -> str:
    text = repr(value)
    return "nothing" if value is None else text if len(text) <= 80 else f"{text[:77]}..."


if __name__ == "__main__":
    sys.exit(main())
