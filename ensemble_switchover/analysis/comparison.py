"""Comparisons: records with the same setting and the same number of members k."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ensemble_switchover.analysis.natural_order import natural_order
from ensemble_switchover.analysis.reduced_images import name_images_of
from ensemble_switchover.config.callbacks import chosen_callbacks, decisive_callbacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ensemble_switchover.results.record import Record


_BY_DATA = (
    *("name", "epochs", "batch_size", "learning_rate", "drops", "weight_decay", "nesterov"),
)
"""Fields of a recipe that differ in the rows of Table A, or follow from what does."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What two runs must share before their test errors can be attributed to their designs.

    These are the family with its options, the data set as it was used, the recipe with its total
    number of epochs (which sets the learning-rate schedule: design page, "Epoch budgets"), the
    callbacks that may change what is learnt, and the precision.
    """

    family: str
    dataset: str
    """Name of the data set, with `validation images of` before it where these were measured, and
    the size of the images after it where they were reduced, such as `digits at 4x4 pixels`."""
    evaluated_on: str
    """The images on which errors were measured: `test` or `validation`."""
    details: tuple[tuple[str, str], ...]
    """Every field as `(name, value as JSON)`, sorted by name."""

    @property
    def short_label(self) -> str:
        """Names of the family and the data set."""
        return f"{self.family} on {self.dataset}"

    @property
    def data(self) -> dict[str, Any]:
        """The fields of the data set: name -> value."""
        return self._fields("dataset ")

    @property
    def beside_data(self) -> tuple[object, ...]:
        """What must be equal before two data sets are compared.

        The paper chooses epochs, batch size, rates and weight decay by data set (Table A); all else
        of the recipe is of one kind.
        """
        shared = (d for d in self.details if not d[0].startswith(("dataset ", "recipe ")))
        return (self.family, self.evaluated_on, *shared, *self._kind_of_recipe)

    @property
    def _kind_of_recipe(self) -> list[tuple[str, str]]:
        """What recipes share that are made for different data."""
        fields = self._fields("recipe ")
        kind = {name: value for name, value in fields.items() if name not in _BY_DATA}
        for name, value in kind.items():
            if isinstance(value, dict):  # a warm-up is longer where there are more epochs
                kind[name] = {key: one for key, one in value.items() if key != "warmup_epochs"}
        return [(f"recipe {name}", json.dumps(value)) for name, value in kind.items()]

    @property
    def family_options(self) -> dict[str, Any]:
        """The options of the family: name -> value."""
        return self._fields("family ")

    @property
    def precision(self) -> str:
        """The numerical precision of training."""
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
    """The single networks of one setting and its ensembles of k members."""

    setting: Setting
    setting_label: str
    k: int
    """Number of members of the ensembles; 1 if there are single networks only."""
    source: str | None
    """The budget rule of the ensembles; None if there are single networks only."""
    show_source: bool
    """True if another comparison differs in the budget rule alone."""
    records: tuple[Record, ...] = field(repr=False)

    @property
    def label(self) -> str:
        """A title for people, such as `resnet on digits, k = 4`."""
        label = self.setting_label if self.k == 1 else f"{self.setting_label}, k = {self.k}"
        return f"{label}, {self.source}" if self.show_source else label


def setting_of(record: Record) -> Setting:
    """Return the setting of a run."""
    callbacks = _decisive_callbacks(record)
    parts = (record.dataset, record.recipe, record.design.family_options, callbacks)
    key = f"{record.design.family} {name_images_of(record)} {record.environment.precision} {parts}"
    # Many records share few settings, and a text key is quicker than comparing their fields.
    if key not in _settings:
        _settings[key] = _read_setting(record)
    return _settings[key]


def label_settings(settings: Iterable[Setting]) -> dict[Setting, str]:
    """Label each setting with the fields that distinguish it from the others.

    Two settings of the same family and data set are distinguished by the fields in which they
    differ, such as `resnet on digits (recipe epochs 10)`. Recipes of different names are told apart
    by these, and what differs among those of one name is written beside it. The drops of the
    learning rate and the words on scaled epochs, which follow from the number of epochs, are
    written only if nothing else differs.
    """
    by_name: defaultdict[str, list[Setting]] = defaultdict(list)
    for setting in dict.fromkeys(settings):
        by_name[setting.short_label].append(setting)
    labels: dict[Setting, str] = {}
    for name, alike in by_name.items():
        labels |= _label_alike(name, alike)
    return labels


def _label_alike(name: str, alike: Sequence[Setting]) -> dict[Setting, str]:
    """Label settings of one family and data set, briefly where that keeps them apart."""
    shared = _shared(alike)
    of_recipe: defaultdict[str, list[Setting]] = defaultdict(list)
    for setting in alike:
        of_recipe[_recipe_name(setting)].append(setting)
    labels: dict[Setting, str] = {}
    for following in (("recipe drops", "recipe name"), ()):
        for recipe, namesakes in of_recipe.items():
            follow = {entry for entry in _shared(namesakes) if _follows_from_name(entry[0])}
            for setting in namesakes:
                apart = dict(entry for entry in setting.details if entry not in shared | follow)
                for field_name in following:
                    if len(apart) > 1:
                        apart.pop(field_name, None)
                parts = [f"{key} {_plain(key, text)}" for key, text in apart.items()]
                if len(of_recipe) > 1:
                    parts.insert(0, f"recipe {recipe}")
                labels[setting] = f"{name} ({', '.join(parts)})" if parts else name
        if len(set(labels.values())) == len(alike):
            break
    return labels


def _follows_from_name(field_name: str) -> bool:
    """Return whether a field that recipes of one name share need not be written beside it."""
    return field_name.startswith("recipe ") and field_name != "recipe epochs"


def _shared(settings: Iterable[Setting]) -> set[tuple[str, str]]:
    return set.intersection(*(set(setting.details) for setting in settings))


def _recipe_name(setting: Setting) -> str:
    """Return the name of a setting's recipe, without the words on how its epochs were scaled."""
    return str(json.loads(dict(setting.details)["recipe name"])).partition(", scaled ")[0]


def _plain(field_name: str, text: str) -> str:
    """Write the value of a field for people; a class as its name and arguments.

    >>> _plain("recipe optimizer", '{"_target_": "torch.optim.Adam", "eps": 1e-08}')
    'Adam(eps=1e-08)'
    >>> _plain("recipe optimizer", "{}"), _plain("recipe nesterov", "true")
    ('SGD', 'true')
    >>> _plain("callbacks", '[{"_target_": "mine.Watch"}, {"_target_": "mine.Stop", "after": 2}]')
    'Watch and Stop(after=2)'
    """
    if text == "{}":
        return _WHERE_EMPTY.get(field_name, "none")
    value = json.loads(text)
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return " and ".join(_plain(field_name, json.dumps(one)) for one in value)
    if not isinstance(value, dict):
        return text.strip('"')
    name = str(value.pop("_target_", value.pop("name", ""))).rpartition(".")[2]
    inner = ", ".join(f"{key}={_plain('', json.dumps(one))}" for key, one in value.items())
    return f"{name}({inner})" if inner else name


_WHERE_EMPTY = {
    "recipe optimizer": "SGD",
    "recipe schedule": "drops",
    "recipe loss": "cross-entropy",
}
"""Field of a recipe -> what it is where the record has an empty mapping."""


_settings: dict[str, Setting] = {}
"""Cache: text of the fields that make up a setting -> the setting."""


def _read_setting(record: Record) -> Setting:
    callbacks = _decisive_callbacks(record)
    dataset = asdict(record.dataset)
    dataset.update(dataset.pop("options"))
    parts: dict[str, Any] = {
        "": {"precision": record.environment.precision}
        | ({"callbacks": callbacks} if callbacks else {}),
        "family": record.design.family_options,
        "dataset": dataset,
        "recipe": asdict(record.recipe),
    }
    details = sorted(
        (f"{part} {name}".strip(), json.dumps(value, sort_keys=True))
        for part, values in parts.items()
        for name, value in values.items()
    )
    name = name_images_of(record)
    if record.dataset.evaluated_on == "validation":
        name = f"validation images of {name}"
    return Setting(record.design.family, name, record.dataset.evaluated_on, tuple(details))


def _decisive_callbacks(record: Record) -> list[dict[str, Any]]:
    """Return the callbacks that may have changed what a run learnt, such as early stopping."""
    stated = record.config.get("callbacks")
    return decisive_callbacks(chosen_callbacks(stated)) if isinstance(stated, dict) else []


def group_comparisons(records: Sequence[Record]) -> list[Comparison]:
    """Group the records into comparisons, ordered by label and k.

    Single networks belong to the comparisons of every k and budget rule of their setting.

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
    return sorted(comparisons, key=lambda c: (natural_order(c.setting_label), c.k, c.source or ""))
