"""What loading a `.pt2` would run is looked for in it first, and refused."""

from __future__ import annotations

import json
import os
import re
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ensemble_switchover.errors import MeasureError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZE_TEXT = re.compile(
    r"(?:Symbol|Integer|Mul|Add|Pow|Max|Min|Mod|FloorDiv|positive|integer|nonnegative|True|False"
    r"|'[suz]\d+'|[suz]?\d+|[\s=,()*+/-])*"
)
"""Sizes as torch.export writes them; the library that reads them evaluates any text."""


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
        raise MeasureError(f"{path}: is no file of torch.export: {first_line(error)}") from error
    if not models:
        raise MeasureError(f"{path}: is no file of torch.export of torch 2.8 or newer")
    odd = next((text for text in texts if not _SIZE_TEXT.fullmatch(text)), None)
    if pickled or odd is not None:
        what = "pickled objects" if pickled else f"{str(odd)[:60]!r} as a size"
        raise MeasureError(f"{path}: has {what}, which loading it would run; it is not loaded")


@contextmanager
def no_unpickling() -> Iterator[None]:
    """Have torch read tensors alone within a `with`.

    Of example inputs it would else unpickle what is no tensor.
    """
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
