"""The weights of a trained ensemble as one file, and back; nothing is ever unpickled.

A file is in the format safetensors. Its tensors are `members.<member>.<name>`, all parameters and
statistics as they were trained, and `normalisation.mean` and `normalisation.deviation` of pixels
between 0 and 1. What network they belong to is one entry of the file's metadata, in JSON: equal
ensembles make equal bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ensemble_switchover.config.seeds import MAX_MEMBERS
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.errors import DesignError, RecordError
from ensemble_switchover.networks import Ensemble, build_network

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from ensemble_switchover.design import Family

FORMAT_VERSION = 1
"""Of a file of weights; records have a version of their own."""

HEADER = "ensemble_switchover"
"""Name of the metadata's entry."""

MEAN, DEVIATION = "normalisation.mean", "normalisation.deviation"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedEnsemble:
    """An ensemble, and what is needed to use it."""

    family: Family
    depth: int
    width: int
    task: ImageTask
    ensemble: Ensemble
    normalisation: Normalisation
    class_names: tuple[str, ...]
    """One a class, in the order of the labels; empty where the data set has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    schema_version: int
    family: str
    family_options: dict[str, Any]
    depth: int
    width: int
    k: int
    channels: int
    image_size: int
    num_classes: int
    class_names: tuple[str, ...]
    dtype: Literal["float32", "float64"]


_header_adapter = TypeAdapter(_Header)


def dump_weights(trained: TrainedEnsemble) -> bytes:
    """Write an ensemble's weights and what they belong to."""
    task = trained.task
    is_double = next(trained.ensemble.parameters()).dtype == torch.float64
    header = _Header(
        schema_version=FORMAT_VERSION,
        family=trained.family.name,
        family_options=trained.family.options,
        depth=trained.depth,
        width=trained.width,
        k=len(trained.ensemble.members),
        channels=task.channels,
        image_size=task.size,
        num_classes=task.num_classes,
        class_names=trained.class_names,
        dtype="float64" if is_double else "float32",
    )
    tensors = {
        **trained.ensemble.state_dict(),
        MEAN: trained.normalisation.mean,
        DEVIATION: trained.normalisation.deviation,
    }
    return save(
        {name: _own(tensor) for name, tensor in tensors.items()},
        {HEADER: json.dumps(asdict(header), sort_keys=True)},
    )


def load_ensemble(path: Path) -> TrainedEnsemble:
    """Read what `dump_weights` wrote, ready to predict, on the CPU.

    Raises:
        RecordError: if the file is absent, damaged, foreign, or its tensors are not those of the
            network that it names.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = _read_header(path, file.metadata())
            names = file.keys()
            tensors = {name: file.get_tensor(name).clone() for name in names}
    except SafetensorError as error:
        raise RecordError(f"{path}: damaged, or no weights of this program ({error})") from error
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    return _assemble(path, header, tensors)


def _own(tensor: Tensor) -> Tensor:
    """Copy a tensor out of what it may be a view of."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _read_header(path: Path, metadata: dict[str, str] | None) -> _Header:
    if metadata is None or HEADER not in metadata:
        raise RecordError(f"{path}: no weights of this program")
    try:
        header = _header_adapter.validate_json(metadata[HEADER])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{path}: {where}: {first['msg']}") from error
    version = header.schema_version
    if version != FORMAT_VERSION:
        raise RecordError(f"{path}: schema version {version}, this program reads {FORMAT_VERSION}")
    return header


def _assemble(path: Path, header: _Header, tensors: dict[str, Tensor]) -> TrainedEnsemble:
    try:
        family = make_family(header.family, header.family_options)
        family.check(header.depth, header.width)
    except (DesignError, TypeError) as error:
        raise RecordError(f"{path}: no network of this program: {error}") from error
    task = ImageTask(header.channels, header.image_size, header.num_classes)
    if min(task.channels, task.size, task.num_classes) < 1 or not 1 <= header.k <= MAX_MEMBERS:
        raise RecordError(f"{path}: no ensemble of this program: {task}, k={header.k}")
    with torch.device("meta"):  # shapes alone
        ensemble = Ensemble(
            build_network(family, header.depth, header.width, task) for _ in range(header.k)
        ).to(getattr(torch, header.dtype))
    channels = torch.empty(task.channels, dtype=torch.float64, device="meta")
    _check(path, {**ensemble.state_dict(), MEAN: channels, DEVIATION: channels}, tensors)
    normalisation = Normalisation(tensors.pop(MEAN), tensors.pop(DEVIATION))
    ensemble.load_state_dict(tensors, assign=True)
    return TrainedEnsemble(
        family=family,
        depth=header.depth,
        width=header.width,
        task=task,
        ensemble=ensemble.eval(),
        normalisation=normalisation,
        class_names=header.class_names,
    )


def _check(path: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    for name in sorted(expected.keys() ^ found.keys()):
        what = "absent" if name in expected else "no tensor of this network"
        raise RecordError(f"{path}: {name}: {what}")
    for name, tensor in found.items():
        if _form(tensor) != _form(expected[name]):
            raise RecordError(
                f"{path}: {name}: expected {_form(expected[name])}, found {_form(tensor)}"
            )


def _form(tensor: Tensor) -> str:
    return f"{tensor.dtype} of shape {tuple(tensor.shape)}"
