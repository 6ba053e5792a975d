"""Whether a record is what was written, and what its configuration says."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

import yaml
from pydantic import TypeAdapter, ValidationError

from ensemble_switchover.config.groups import SCHEMAS, node_of
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import Config, MeasurementConfig, RecordConfig
from ensemble_switchover.config.targets import TARGET
from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.machine.system_errors import sentence_of
from ensemble_switchover.machine.terminal import count
from ensemble_switchover.results.added_timings import read_added_timings
from ensemble_switchover.results.check_times import check_times
from ensemble_switchover.results.document import read_document, read_file
from ensemble_switchover.results.ece_bins import largest_ece_excess
from ensemble_switchover.results.layout import CONFIG_FILE, RECORD_FILE
from ensemble_switchover.results.migrations import migrate_config
from ensemble_switchover.results.predictions import predictions_file
from ensemble_switchover.results.store import read_record
from ensemble_switchover.results.summary import summarise_epochs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.record import Record
    from ensemble_switchover.results.summary import RunSummary

_GROUPS: dict[str, list[type[Any]]] = {
    "measurement": [MeasurementConfig],
    "record": [RecordConfig],
    **{node_of(group): list(kinds.values()) for group, kinds in SCHEMAS.items()},
}
"""Group -> the dataclasses that it may be."""
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quicker loader in C, where PyYAML was built with it."""


@dataclass(slots=True)
class Findings:
    """What was found of one record."""

    problems: list[str] = field(default_factory=list)
    """What is wrong."""
    remarks: list[str] = field(default_factory=list)
    """What could not be compared, and why."""
    ece_excess: float = 0.0
    """By how much the ECE after the last epoch may be too high, at most (`results.ece_bins`)."""
    has_predictions: bool = False
    """Whether predictions of the last epoch are kept, which tell it."""


def check_record(folder: Path) -> Findings:
    """Check the files of a record, their checksums, the schema, and the fingerprint."""
    found = Findings()
    path = folder / RECORD_FILE
    try:
        document = read_document(folder)
        if document.epochs_within:
            found.remarks.append(
                f"{path}: is of version 1, which had no checksums: it and the files beside it "
                f"cannot be compared"
            )
        for name, stored in document.files.items():
            try:
                read_file(folder, name, stored)
            except RecordError as error:
                found.problems.append(str(error))
        if found.problems:
            return found
        record = read_record(path)
    except OSError as error:
        found.problems.append(sentence_of(error))
        return found
    except RecordError as error:
        found.problems.append(str(error))
        return found
    found.problems += _problems_of_timings(folder, record)
    if _summary_in_measures_of(document.summary, record) != document.summary:
        found.problems.append(f"{path}: summary: is not that of its epochs")
    found.problems += [f"{path}: {problem}" for problem in check_times(record)]
    found.ece_excess = largest_ece_excess(record.epochs[-1], record.dataset.num_evaluated)
    found.has_predictions = (folder / predictions_file(record.epochs[-1].epoch)).exists()
    if record.name != folder.name:
        found.problems.append(f"{path}: name {record.name}: its folder has another")
    if CONFIG_FILE in document.files:  # version 1 had it in the record alone
        _check_config(folder, record, found)
    _check_fingerprint(path, record, found)
    return found


def describe_doubtful_ece(found: Sequence[Findings], folder: str) -> str:
    """Say of how many records the ECE may be too high, by how much, and what to do.

    Args:
        found: The findings of these records.
        folder: That was checked, as it is typed.
    """
    excess = max(one.ece_excess for one in found)
    kept = sum(one.has_predictions for one in found)
    remedy = "no predictions are kept that would tell"
    if kept:
        remedy = f"results {folder} --recompute-quality computes it again of {kept} that kept "
        remedy += "predictions"
    return (
        f"ECE of {count(len(found), 'record')} may be too high, by {excess:.3f} at most: "
        f"confidences of exactly 1 had a bin of their own; {remedy}"
    )


def _problems_of_timings(folder: Path, record: Record) -> list[str]:
    try:
        read_added_timings(folder, record.fingerprint)
    except RecordError as error:
        return [str(error)]
    return []


def _summary_in_measures_of(stored: RunSummary, record: Record) -> RunSummary:
    """Summarise the epochs of a record without the measures that were added after it was written.

    Their values are defaults of `EpochRecord`.
    """
    summary = summarise_epochs(record.epochs)
    quality = {name: value for name, value in summary.quality.items() if name in stored.quality}
    return replace(summary, quality=quality)


def typed_config(values: Mapping[str, Any]) -> Config:
    """Turn the configuration of a record into the typed one.

    Raises:
        ValueError: if it has other keys than this version's, or values of other types.
    """
    _compare_keys("", values, [Config])
    _compare_types("", values, Config)
    read: dict[str, Any] = {**values}
    for group, kinds in sorted(_GROUPS.items(), reverse=True):  # a node within another before it
        node, _, name = group.rpartition(".")
        given = read[node][name] if node else read[group]
        if not isinstance(given, dict):
            raise ValueError(f"{group}: is no group of keys")
        if group == "arch":
            kinds = [
                kind
                for kind in SCHEMAS["arch/schema"].values()
                if kind().family == given.get("family")
            ]
        kind = _compare_keys(f"{group}.", given, kinds)
        _compare_types(f"{group}.", given, kind)
        if node:
            read[node] = {**read[node], name: kind(**given)}
        else:
            read[group] = kind(**given)
    return Config(**read)


def _compare_keys(prefix: str, given: Mapping[str, Any], kinds: list[type[Any]]) -> type[Any]:
    """Return the dataclass that has the keys given."""
    for kind in kinds:
        names = {entry.name for entry in fields(kind)}
        if names == given.keys():
            return kind
    if not kinds:
        if TARGET in given:
            raise ValueError(f"the family {given[TARGET]} of another package is not registered")
        raise ValueError(f"no {prefix}family={given.get('family')} any more")
    known = {entry.name for kind in kinds for entry in fields(kind)}
    nearest = min(
        ({entry.name for entry in fields(kind)} ^ given.keys() for kind in kinds), key=len
    )
    name = sorted(nearest)[0]
    raise ValueError(f"{prefix}{name}: {'is new' if name in known else 'is no key'} since then")


def _compare_types(prefix: str, given: Mapping[str, Any], kind: type[Any]) -> None:
    """Refuse values of other types than those of a dataclass's keys."""
    for name, hint in get_type_hints(kind).items():
        if is_dataclass(hint):
            continue
        try:
            _adapter_of(hint).validate_python(given[name], strict=True)
        except ValidationError as error:
            raise ValueError(f"{prefix}{name}: {error.errors()[0]['msg']}") from error


@cache
def _adapter_of(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)


def _check_config(folder: Path, record: Record, found: Findings) -> None:
    path = folder / CONFIG_FILE
    try:
        stored = migrate_config(yaml.load(path.read_bytes(), _YAML_LOADER))
        same = stored == migrate_config(record.config)
    except OSError as error:
        found.problems.append(sentence_of(error))
        return
    except yaml.YAMLError as error:
        found.problems.append(f"{path}: {str(error).partition(chr(10))[0]}")
        return
    if not same:
        found.problems.append(f"{path}: is not the configuration in {RECORD_FILE}")


def _check_fingerprint(path: Path, record: Record, found: Findings) -> None:
    if not record.name.endswith(record.fingerprint):
        found.problems.append(f"{path}: fingerprint {record.fingerprint}: its name has another")
    try:
        spec = resolve(typed_config(migrate_config(record.config)))
    except (ConfigError, ValueError) as error:
        reason = str(error).replace("\n", " ")
        found.remarks.append(f"{path}: its fingerprint cannot be compared: {reason}")
        return
    if record.fingerprint == spec.fingerprint:
        _check_steps(path, record, spec, found)
        return
    if record.fingerprint == spec.fingerprint_unspread:
        left = spec.sizes.train % spec.recipe.batch_size
        found.remarks.append(
            f"{path}: its last batch had {count(left, 'image')}, which are spread over all batches "
            f"today; the run of today is {spec.fingerprint}"
        )
        return
    found.problems.append(
        f"{path}: fingerprint {record.fingerprint}: its configuration has {spec.fingerprint}"
    )


def _check_steps(path: Path, record: Record, spec: RunSpec, found: Findings) -> None:
    timing_pass, steps = record.timing_pass, spec.num_steps // spec.recipe.epochs
    if timing_pass is not None and timing_pass.epoch_steps != steps:
        found.problems.append(
            f"{path}: timing_pass.epoch_steps {timing_pass.epoch_steps}: an epoch of its "
            f"configuration has {steps}"
        )
