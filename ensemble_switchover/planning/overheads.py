"""What jobs take beside training, evaluation and measurements: predicted from a few seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.fingerprint import short_hash
from ensemble_switchover.config.image_placement import kept_image_bytes
from ensemble_switchover.machine.caches import cache_folder
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.planning.basis import this_device
from ensemble_switchover.planning.cost import image_bytes, item_bytes

# read by pydantic:
from ensemble_switchover.results.stored_values import Amount, Size  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.record import Record

OVERHEADS_VERSION = 1
DISK_BYTES_PER_SECOND = 1e8
"""At which weights and checkpoints are assumed to be written."""
KEPT_COPIES = 3
"""Weights and momentum of a checkpoint, and the weights of the record, in bytes of weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheads:
    """Seconds of what jobs do on a device beside training, evaluation and measurements."""

    version: int = OVERHEADS_VERSION
    start_seconds: Amount
    """A process starts, and imports torch and what trains."""
    job_seconds: Amount
    """Between two jobs of a process: configurations, records, and what the sweep prints."""
    load_seconds: Amount
    """Loading the images, once they are decoded and cached."""
    loaded_bytes: Size
    """The bytes of those images."""
    decode_seconds: Amount
    """Decoding the images the first time."""
    decoded_images: Size
    """The number of those images."""
    run_seconds: Amount
    """Building the networks of a run, and keeping its predictions, weights and record."""
    epoch_seconds: Amount
    """Metrics and log of an evaluated epoch, for each network that is judged: every member, and
    the ensemble where there are several."""


def job_overhead(known: Overheads, specs: Sequence[RunSpec]) -> tuple[float, float]:
    """Predict what a job takes beside training, evaluation, timing pass and measuring.

    Args:
        known: The seconds of this device.
        specs: The runs of the job, which differ in the seed alone.

    Returns:
        Seconds that grow with the number of epochs, and those that do not.
    """
    spec = specs[0]
    k = spec.design.k
    of_epochs = known.epoch_seconds * _num_judged(k) * len(spec.evaluated_epochs)
    weights = k * spec.design.member_parameters * item_bytes(spec)
    of_run = known.run_seconds + KEPT_COPIES * weights / DISK_BYTES_PER_SECOND
    loading = known.load_seconds * image_bytes(spec) / known.loaded_bytes
    return len(specs) * of_epochs, known.job_seconds + loading + len(specs) * of_run


def decoding_seconds(known: Overheads, spec: RunSpec) -> float:
    """Predict how long the images of a run take to be decoded, where they are not cached yet."""
    num_images = spec.train_size + spec.sizes.evaluated
    return known.decode_seconds * num_images / known.decoded_images


def learned(known: Overheads, records: Sequence[Record]) -> Overheads:
    """Return the seconds as finished runs had them, as far as their records say.

    Args:
        known: Those of before.
        records: Runs of this device, each trained in it; a share of another's training is none.
    """
    own = [record for record in records if not record.shared_from]
    measured = [(record, record.seconds) for record in own if record.seconds is not None]
    if not measured:
        return known
    first = measured[0][0].dataset
    num_images = first.train_size + first.num_evaluated
    return replace(
        known,
        job_seconds=median(_of_job(record, seconds.waiting) for record, seconds in measured),
        load_seconds=median(_of_job(record, seconds.data) for record, seconds in measured),
        loaded_bytes=kept_image_bytes(num_images, first.channels, first.image_size),
        run_seconds=median(seconds.rest for _, seconds in measured),
        epoch_seconds=median(
            seconds.keeping / (_num_judged(record.design.k) * record.recipe.epochs)
            for record, seconds in measured
        ),
    )


def _of_job(record: Record, share: float) -> float:
    """Return the seconds of a whole job from the share of one of its runs."""
    return share if record.timing_pass is None else share * len(record.timing_pass.seeds)


def _num_judged(k: int) -> int:
    return k + 1 if k > 1 else 1


def read_overheads(spec: RunSpec) -> Overheads | None:
    """Read the seconds that were measured for such runs on this device; None without any."""
    try:
        found: Overheads = _adapter().validate_json(_file_of(spec).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.version == OVERHEADS_VERSION else None


def write_overheads(spec: RunSpec, found: Overheads) -> None:
    """Keep what was measured for such runs on this device.

    Raises:
        OSError: if the cache cannot be written.
    """
    write_file(_file_of(spec), _adapter().dump_json(found, indent=1))


def _file_of(spec: RunSpec) -> Path:
    device, name = this_device(spec)
    subject = f"{device} {name} {spec.threads} {spec.dataset.name}"
    return cache_folder(spec.dataset.cache, "overheads") / f"{short_hash(subject)}.json"


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Overheads)
