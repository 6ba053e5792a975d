"""The facts of a run as flat columns: the one list from which every table of runs takes them.

`python -m ensemble_switchover.results --columns` prints it. A column is a field of one of the
dataclasses that describe a run: its type is the field's, its meaning the field's docstring, and its
unit the end of its name.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from ensemble_switchover.results.epoch_metrics import QUALITY, EpochRecord
from ensemble_switchover.results.latencies import LatencyFacts
from ensemble_switchover.results.quality_record import QualityRecord
from ensemble_switchover.results.record import (
    BudgetRecord,
    DatasetRecord,
    DesignRecord,
    EnvironmentRecord,
    RecipeRecord,
    Record,
)
from ensemble_switchover.results.stored_values import UNIONS, fits_a_column
from ensemble_switchover.results.summary import RunSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

UNITS = {
    "_percent": "%",
    "_nats": "nats",
    "_ms_per_image": "ms",
    "_ms": "ms",
    "_seconds": "s",
    "_bytes": "bytes",
    "_flops": "FLOP",
}
"""End of a column's name -> unit; other columns are counts, shares, names and settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """What the store knows of a run, finished or not."""

    state: str
    """`finished`, `failed`, `running`, `interrupted` or `unreadable`."""
    note: str | None
    """Why the run failed or cannot be read, who works on it, or from where it goes on."""
    folder: str
    """Folder of the run, below the folder that is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFacts:
    """What the report adds to a run's own facts, some of it from the runs beside it."""

    setting: str
    """Family, data set and what else two runs must share before their errors compare."""
    total_depth: int
    """Depth of all members together: `k * depth`."""
    steady_training_seconds: float
    """Training of all epochs, each warm-up epoch counted as a median epoch."""
    latency_to_single: float | None
    """`latency_ms_per_image / single_latency_ms_per_image`."""
    layer_ms: float | None
    """Forward and backward pass of one training batch through one member, per layer of depth."""
    target_error_percent: float | None
    """Lowest error over the epochs of the single network of the same setting, budget and seed."""
    time_to_accuracy_seconds: float | None
    """Training until the error is first at most the target; empty where it never is."""
    common_target_error_percent: float | None
    """Mean of these lowest errors over the seeds of the single network, without runs left out."""
    time_to_common_target_seconds: float | None
    """Training until the error is first at most the common target, or a single network's at its own
    lowest; empty where it never is."""
    memory_kind: str | None
    """What the run's peak memory is of: `device allocator`, or on a CPU `process resident`."""
    resident_image_bytes: int | None
    """Images and labels that lay on the device, within its peak memory; 0 where they lay on the
    host, absent on a CPU."""
    peak_device_beside_images_bytes: int | None
    """Peak memory of the device without the images: `peak_device_bytes - resident_image_bytes`."""
    execution_compared: str
    """`auto` where that was requested, else `execution`, with `, timing pass` where `times_of` is
    that; times compare where it is equal."""
    left_out: bool
    """Whether the run collapsed, so that no mean of errors has it."""
    disturbed: bool
    """Whether something was seen to share or to slow down the device meanwhile."""


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column of tables of runs."""

    name: str
    part: str
    """Key of `PARTS`."""
    field: str
    """Name of the field of the part."""
    hint: Any
    """Type of the field."""

    @property
    def type(self) -> pl.DataType:
        """Type of the column."""
        return column_type(self.hint)

    @property
    def unit(self) -> str:
        """Unit of its values; empty where there is none."""
        return unit_of(self.name)

    @property
    def meaning(self) -> str:
        """Meaning of its values in a sentence or two."""
        return meanings(PARTS[self.part])[self.field]

    @property
    def label(self) -> str:
        """What it is called in a sentence: its meaning up to the first colon."""
        name = self.meaning.partition(":")[0]
        return name[0].lower() + name[1:]


PARTS: dict[str, Any] = {
    "listing": ListingFacts,
    "run": Record,
    "design": DesignRecord,
    "dataset": DatasetRecord,
    "budget": BudgetRecord,
    "recipe": RecipeRecord,
    "quality": EpochRecord,
    "beyond_error": QualityRecord,
    "summary": RunSummary,
    "latency": LatencyFacts,
    "environment": EnvironmentRecord,
    "comparison": ComparisonFacts,
}
"""The dataclasses that describe a run; `quality` is what was measured after the last epoch, and
`beyond_error` what was computed of its predictions then."""

BEYOND_ERROR = (
    *("temperature", "calibrated_nll_nats", "calibrated_ece", "coverage_at_1_percent_risk"),
    *("coverage_at_2_percent_risk", "coverage_at_5_percent_risk", "aurc"),
    *("disagreement_error_ratio", "ensemble_improvement_rate", "vote_error_percent"),
    *("vote_improvement_lower", "vote_improvement_upper"),
)
"""The figures of `QualityRecord` that are columns."""
_ORDER = (
    ("listing", "state note"),
    ("run", "study name"),
    ("design", "family family_options"),
    ("dataset", "name evaluated_on augmentation train_size image_size"),
    ("design", "design_class source k depth width member_parameters parameters member_flops"),
    ("budget", "depth width parameters"),
    ("design", "budget_fill"),
    ("recipe", "name epochs batch_size learning_rate weight_decay nesterov"),
    ("run", "evaluate_every seed"),
    ("quality", " ".join(QUALITY)),
    ("summary", "ece_bins"),
    ("beyond_error", " ".join((*BEYOND_ERROR, "is_competent"))),
    ("summary", "mean_member_error_percent"),
    ("run", "flags"),
    ("summary", "training_seconds epoch_seconds"),
    ("run", "wall_seconds"),
    ("latency", " ".join(get_type_hints(LatencyFacts))),
    ("summary", "peak_device_bytes peak_reserved_bytes peak_rss_bytes"),
    ("environment", "device device_name execution execution_requested times_of precision compiled"),
    ("environment", "residence num_threads concurrent_jobs platform commit"),
    ("run", "started_at fingerprint"),
    ("listing", "folder"),
    ("comparison", " ".join(get_type_hints(ComparisonFacts))),
)
"""The fields that are columns, in the order of the tables."""


def column_type(hint: Any) -> pl.DataType:
    """Return the type of the column of a field; a mapping is a text, in JSON.

    Raises:
        TypeError: if the field is no number, truth value, text, mapping, or list of such.

    >>> column_type(list[float]), column_type(int | None)
    (List(Float64), Int64)
    """
    import polars as pl  # what reads no table starts without it

    types: dict[Any, pl.DataType] = {
        int: pl.Int64(),
        float: pl.Float64(),
        bool: pl.Boolean(),
        str: pl.String(),
    }
    if get_origin(hint) in UNIONS:
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is list:
        return pl.List(column_type(get_args(hint)[0]))
    if get_origin(hint) in (Literal, dict):
        hint = str
    if hint not in types:
        raise TypeError(f"a field of type {hint} is no column: expected one of {list(types)}")
    return types[hint]


def _columns() -> Iterator[RunColumn]:
    hints = {part: get_type_hints(owner) for part, owner in PARTS.items()}
    for part, fields in _ORDER:
        for field in fields.split():
            name = part if field == "name" and part != "run" else field
            name = f"budget_{field}" if part == "budget" else name
            yield RunColumn(name, part, field, hints[part][field])


COLUMNS = {column.name: column for column in _columns()}
"""Every column by its name."""
_COLUMNS_OF_PARTS = {
    part: [(c.name, c.field) for c in COLUMNS.values() if c.part == part] for part in PARTS
}


def schema_of(*left_out: str) -> dict[str, pl.DataType]:
    """Return the columns of a table and their types, those of some parts left out."""
    return {c.name: c.type for c in COLUMNS.values() if c.part not in left_out}


def read_facts(parts: Mapping[str, object]) -> dict[str, Any]:
    """Read the columns of those parts of a run that are given; an absent value is None.

    Args:
        parts: Key of `PARTS` -> an object, or a mapping, with its fields or some of them.
    """
    values: dict[str, Any] = {}
    for part, columns in _COLUMNS_OF_PARTS.items():
        facts = parts.get(part)
        if isinstance(facts, dict):
            values |= {name: facts.get(field) for name, field in columns}
        elif facts is not None:
            values |= {name: getattr(facts, field, None) for name, field in columns}
    if values.get("family_options") is not None:
        values["family_options"] = json.dumps(values["family_options"], sort_keys=True)
    return values


def record_facts(record: Record, summary: RunSummary, **parts: object) -> dict[str, Any]:
    """Read the columns of a finished run, and of further parts."""
    return read_facts(
        {
            "run": record,
            "design": record.design,
            "dataset": record.dataset,
            "budget": record.budget,
            "recipe": record.recipe,
            "quality": {**_balanced_error(record), **summary.quality},
            "beyond_error": record.quality or {},
            "summary": summary,
            "latency": LatencyFacts.of(record.latencies),
            "environment": record.environment,
            **parts,
        }
    )


def _balanced_error(record: Record) -> dict[str, float]:
    """Return what older epochs lack, and predictions that were kept have told since."""
    if record.quality is None:
        return {}
    return {"balanced_error_percent": record.quality.balanced_error_percent}


def known_facts(values: Mapping[str, object]) -> dict[str, Any]:
    """Return those of some stored values that are columns, and of their type."""
    return {
        name: value
        for name, value in values.items()
        if name in COLUMNS and _is_of(value, COLUMNS[name].type) and fits_a_column(value)
    }


def _is_of(value: object, kind: pl.DataType) -> bool:
    """Return whether a value is of a column's type; no truth value is a number."""
    wanted = kind.to_python()
    return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)


def describe_columns() -> list[str]:
    """Return a table of all columns in Markdown: name, unit and meaning.

    docs/results.md has it.
    """
    rows = [(f"`{c.name}`", c.unit, c.meaning) for c in COLUMNS.values()]
    return [
        f"| {' | '.join(row)} |" for row in [("column", "unit", "meaning"), ("---",) * 3, *rows]
    ]


def unit_of(name: str) -> str:
    """Return the unit in which the values of a column are, by its name; empty where none is.

    >>> unit_of("epoch_seconds"), unit_of("latency_ms_per_image"), unit_of("k")
    ('s', 'ms', '')
    """
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


@cache
def meanings(owner: Any) -> dict[str, str]:
    """Return the docstring under each field of a dataclass, as one line."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for entry, below in pairwise(tree.body):
        if isinstance(entry, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = ast.literal_eval(below.value)
            found[ast.unparse(entry.target)] = " ".join(text.split())
    return found
