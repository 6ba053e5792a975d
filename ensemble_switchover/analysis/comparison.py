"""Which records may be compared: the same setting, and the same number of members k."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.results.record import Record


@dataclass(frozen=True, slots=True)
class Setting:
    """What two runs must share before their test errors say anything about their designs.

    That is the family with its options, the data set as it was used, the recipe (its total number
    of epochs included, since the learning-rate schedule follows from it: design page, "Epoch
    budgets"), and the precision.
    """

    family: str
    dataset: str
    """The name; of runs that were measured on validation images, that is said in it."""
    evaluated_on: str
    """The images that were measured on: `test` or `validation`."""
    details: tuple[tuple[str, str], ...]
    """Every field as `(name, JSON)`, in order of the names."""

    @property
    def short_label(self) -> str:
        """The family and the data set by name."""
        return f"{self.family} on {self.dataset}"

    @property
    def data(self) -> dict[str, Any]:
        """Every field of the data set, by name."""
        return self._fields("dataset ")

    @property
    def beside_data(self) -> tuple[object, ...]:
        """What has to be equal before two data sets are compared: all but them and their recipes.

        Which recipe goes with a data set is the paper's choice (Table A).
        """
        shared = (d for d in self.details if not d[0].startswith(("dataset ", "recipe ")))
        return (self.family, self.evaluated_on, *shared)

    @property
    def family_options(self) -> dict[str, Any]:
        """The family's options, by name."""
        return self._fields("family ")

    @property
    def precision(self) -> str:
        """In what numbers the networks compute."""
        return str(json.loads(dict(self.details)["precision"]))

    @property
    def measure(self) -> str:
        """What the error is called: `test error` or `validation error`."""
        return f"{self.evaluated_on} error"

    def _fields(self, part: str) -> dict[str, Any]:
        named = ((n, text) for n, text in self.details if n.startswith(part))
        return {name.removeprefix(part): json.loads(text) for name, text in named}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The single networks of one setting, and the ensembles of k members beside them."""

    setting: Setting
    setting_label: str
    k: int
    """Number of members of the ensembles; 1 where there are single networks only."""
    source: str | None
    """How the ensembles' designs follow from the budget; None where there are none."""
    show_source: bool
    """True where another comparison differs by the source alone."""
    records: tuple[Record, ...] = field(repr=False)

    @property
    def label(self) -> str:
        """A title for people, such as `resnet on digits, k = 4`."""
        label = self.setting_label if self.k == 1 else f"{self.setting_label}, k = {self.k}"
        return f"{label}, {self.source}" if self.show_source else label


def setting_of(record: Record) -> Setting:
    """Return the setting of a run."""
    parts = (record.dataset, record.recipe, record.design.family_options)
    key = f"{record.design.family} {record.environment.precision} {parts}"
    # Many records share few settings; telling them apart by text is quicker than by their fields.
    if key not in _settings:
        _settings[key] = _read_setting(record)
    return _settings[key]


def label_settings(settings: Iterable[Setting]) -> dict[Setting, str]:
    """Name each setting in the fewest words that tell it from the others.

    Two settings of the same family and data set are told apart by the fields in which they
    differ, such as `resnet on digits (recipe epochs 10)`. The learning rate's drops, which follow
    the number of epochs, are named only where nothing else differs.
    """
    by_name: defaultdict[str, list[Setting]] = defaultdict(list)
    for setting in dict.fromkeys(settings):
        by_name[setting.short_label].append(setting)
    labels: dict[Setting, str] = {}
    for name, alike in by_name.items():
        shared = set.intersection(*(set(setting.details) for setting in alike))
        for setting in alike:
            apart = {field: text for field, text in setting.details if (field, text) not in shared}
            if len(apart) > 1:
                apart.pop("recipe drops", None)
            words = ", ".join(f"{field} {text.strip(chr(34))}" for field, text in apart.items())
            labels[setting] = f"{name} ({words})" if words else name
    return labels


_settings: dict[str, Setting] = {}
"""Text of the fields that make a setting -> the setting."""


def _read_setting(record: Record) -> Setting:
    dataset = asdict(record.dataset)
    dataset.update(dataset.pop("options"))
    parts: dict[str, Any] = {
        "": {"precision": record.environment.precision},
        "family": record.design.family_options,
        "dataset": dataset,
        "recipe": asdict(record.recipe),
    }
    details = sorted(
        (f"{part} {name}".strip(), json.dumps(value, sort_keys=True))
        for part, values in parts.items()
        for name, value in values.items()
    )
    name = record.dataset.name
    if record.dataset.evaluated_on == "validation":
        name = f"validation images of {name}"
    return Setting(record.design.family, name, record.dataset.evaluated_on, tuple(details))


def group_comparisons(records: Sequence[Record]) -> list[Comparison]:
    """Sort the records into comparisons, in order of their labels and k.

    Single networks take part in the comparison of every k and source of their setting.

    >>> group_comparisons([])
    []
    """
    singles: defaultdict[Setting, list[Record]] = defaultdict(list)
    ensembles: defaultdict[tuple[Setting, int, str], list[Record]] = defaultdict(list)
    settings: dict[Setting, None] = {}
    for record in records:
        setting = setting_of(record)
        settings[setting] = None
        if record.design.design_class == "single":
            singles[setting].append(record)
        else:
            ensembles[setting, record.design.k, record.design.source].append(record)
    labels = label_settings(settings)
    comparisons = []
    for (setting, k, source), members in ensembles.items():
        rivals = {other for s, other_k, other in ensembles if s == setting and other_k == k}
        together = (*singles[setting], *members)
        comparisons.append(
            Comparison(setting, labels[setting], k, source, len(rivals) > 1, together)
        )
    with_ensembles = {comparison.setting for comparison in comparisons}
    comparisons.extend(
        Comparison(setting, labels[setting], 1, None, False, tuple(singles[setting]))
        for setting in settings
        if setting not in with_ensembles
    )
    return sorted(comparisons, key=lambda c: (c.setting_label, c.k, c.source or ""))
