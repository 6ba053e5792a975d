"""Write and read the weights of a trained ensemble as one safetensors file, without pickle.

The tensors are `members.<member>.<name>`, the trained parameters and batch-norm statistics, and
`normalisation.mean` and `normalisation.deviation` of pixels between 0 and 1. One entry of the
file's metadata describes the network in JSON. Equal ensembles give equal bytes.

The record of the run holds the file's checksum, and the weights are loaded only if it holds.
"""

from __future__ import annotations

import json
import logging
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
from ensemble_switchover.machine.paths import on_one_line
from ensemble_switchover.networks import Ensemble, build_network
from ensemble_switchover.results.document import check_file, read_document
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from ensemble_switchover.design import Family
    from ensemble_switchover.results.record import Record

_logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
"""The version of this file format; records have a version of their own."""

HEADER = "ensemble_switchover"
"""The metadata entry that describes the network."""

MEAN, DEVIATION = "normalisation.mean", "normalisation.deviation"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedEnsemble:
    """A trained ensemble with its design and the normalisation of its images."""

    family: Family
    depth: int
    width: int
    task: ImageTask
    """The number of channels, image size in pixels and number of classes."""
    ensemble: Ensemble
    normalisation: Normalisation
    """The mean and standard deviation of the training images."""
    class_names: tuple[str, ...]
    """One name per class, in the order of the labels; empty if the data set has no names."""


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
    """Return the content of a weights file: the tensors, and the description of the network."""
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
        {name: _contiguous_copy(tensor) for name, tensor in tensors.items()},
        {HEADER: json.dumps(asdict(header), sort_keys=True)},
    )


def read_weights(path: Path) -> TrainedEnsemble:
    """Read the weights file of a finished run, `weights.safetensors` in the run's folder.

    It is compared with the checksum in the record beside it. A file that lies elsewhere, by
    itself, has nothing to be compared with.

    Returns:
        The ensemble on the CPU, in evaluation mode and in the dtype that it was trained in, with
        its design, normalisation and class names.

    Raises:
        RecordError: if the file is absent, damaged, another run's or not a weights file of this
            program, or if its tensors do not match the network that it describes.
    """
    _check_checksum(path)
    try:
        with safe_open(path, framework="pt") as file:
            header = _read_header(path, file.metadata())
            names = file.keys()
            tensors = {name: file.get_tensor(name).clone() for name in names}
    except SafetensorError as error:
        raise RecordError(
            f"{path}: damaged, or not a weights file of this program ({error})"
        ) from error
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror or error}") from error
    return _assemble(path, header, tensors)


def read_run_weights(folder: Path, record: Record) -> TrainedEnsemble:
    """Read the weights in the folder of a finished run, and check that they are of its design.

    Raises:
        RecordError: as `read_weights`, and if they are of another design than the record's.
    """
    path, design = folder / WEIGHTS_FILE, record.design
    trained = read_weights(path)
    expected = f"{design.k} x {design.family} {design.depth}x{design.width}"
    k = len(trained.ensemble.members)
    found = f"{k} x {trained.family.name} {trained.depth}x{trained.width}"
    if found != expected:
        raise RecordError(
            f"{path}: expected the weights of {expected}, found {found}: they belong to another run"
        )
    return trained


def _check_checksum(path: Path) -> None:
    """Compare a run's weights file with the record beside it, where there is one.

    Raises:
        RecordError: if it is not the file that the run wrote.
    """
    if path.name != WEIGHTS_FILE or not path.with_name(RECORD_FILE).exists():
        return
    if not check_file(path, read_document(path.parent)):
        _logger.warning(f"{path}: its record is of version 1 and has no checksum to compare with")


def _contiguous_copy(tensor: Tensor) -> Tensor:
    """Copy a tensor, which may be a view of a larger one, to memory of its own."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _read_header(path: Path, metadata: dict[str, str] | None) -> _Header:
    if metadata is None or HEADER not in metadata:
        raise RecordError(f"{path}: not a weights file of this program")
    try:
        header = _header_adapter.validate_python(_as_text(json.loads(metadata[HEADER])))
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}: {HEADER}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{path}: {where}: {first['msg']}") from error
    version = header.schema_version
    if version != FORMAT_VERSION:
        raise RecordError(
            f"{path}: expected schema version {FORMAT_VERSION}, found {version}: another version "
            f"of this program wrote the file"
        )
    return header


def _as_text(values: Any) -> Any:
    """Write bytes that are no text in the names of classes as escapes; older files have such."""
    if not isinstance(values, dict) or not isinstance(values.get("class_names"), list):
        return values
    names = [on_one_line(name) if isinstance(name, str) else name for name in values["class_names"]]
    return {**values, "class_names": tuple(names)}


def _assemble(path: Path, header: _Header, tensors: dict[str, Tensor]) -> TrainedEnsemble:
    try:
        family = make_family(header.family, header.family_options)
        family.check(header.depth, header.width)
    except (DesignError, TypeError) as error:
        raise RecordError(f"{path}: its network is unknown to this program: {error}") from error
    task = ImageTask(header.channels, header.image_size, header.num_classes)
    if min(task.channels, task.size, task.num_classes) < 1 or not 1 <= header.k <= MAX_MEMBERS:
        raise RecordError(f"{path}: its ensemble is invalid: {task}, k={header.k}")
    with torch.device("meta"):  # shapes only, no memory
        ensemble = Ensemble(
            build_network(family, header.depth, header.width, task) for _ in range(header.k)
        ).to(getattr(torch, header.dtype))
    channels = torch.empty(task.channels, dtype=torch.float64, device="meta")
    _check_tensors(path, {**ensemble.state_dict(), MEAN: channels, DEVIATION: channels}, tensors)
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


def _check_tensors(path: Path, expected: dict[str, Tensor], found: dict[str, Tensor]) -> None:
    for name in sorted(expected.keys() ^ found.keys()):
        problem = "absent" if name in expected else "not a tensor of this network"
        raise RecordError(f"{path}: {name}: {problem}")
    for name, tensor in found.items():
        wanted, came = _dtype_and_shape(expected[name]), _dtype_and_shape(tensor)
        if came != wanted:
            raise RecordError(f"{path}: {name}: expected {wanted}, found {came}")


def _dtype_and_shape(tensor: Tensor) -> str:
    return f"{tensor.dtype} of shape {tuple(tensor.shape)}"
