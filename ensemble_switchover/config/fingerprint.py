"""The fingerprints of a run, made from the keys that the schema declares decisive."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.batch_sizes import is_spread
from ensemble_switchover.config.callbacks import decisive_callbacks
from ensemble_switchover.config.dataset_config import STANDARDISED
from ensemble_switchover.config.dataset_spec import idle_keys
from ensemble_switchover.config.groups import key_owners
from ensemble_switchover.config.key_markers import STATED, Decisive, Excluded, declared
from ensemble_switchover.config.recipe import OF_EVERY_RECIPE
from ensemble_switchover.config.schema import EVERY_EPOCH, Config
from ensemble_switchover.config.trainer_flags import AUTO_STEPS, TrainerConfig
from ensemble_switchover.design.families import outside_name

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec


SPREAD = "spread"
"""The value that tells a run whose images are spread over its batches from earlier ones."""


def fingerprint_of(spec: RunSpec, *left_out: str) -> str:
    """Return a hash of what decides the result of a run and how it is measured.

    Args:
        spec: The run.
        left_out: Names of `decisive_values` that are not hashed.
    """
    values = decisive_values(spec)
    for name in left_out:
        values.pop(name, None)
    return short_hash(json.dumps(values, sort_keys=True))


def short_hash(text: str) -> str:
    """Return the first 12 hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def decisive_values(spec: RunSpec) -> dict[str, Any]:
    """Return what decides the result of a run and how it is measured, as plain values.

    Keys are hashed as they are stated or as they are resolved, so that two ways to state one budget
    or one recipe are one run, and a key that decides nothing where it stands changes nothing.
    """
    design, sizes = spec.design, spec.sizes
    dataset = _stated(spec.dataset, type(spec.dataset))
    for key in idle_keys(spec.dataset):
        dataset.pop(key, None)
    if dataset["normalisation"] == STANDARDISED:
        del dataset["normalisation"]  # runs of before there was the choice keep their fingerprints
    used = {
        "train_size": sizes.train,
        "validation_size": sizes.validation,
        "test_size": sizes.test,
    }
    recipe: dict[str, Any] = {"name": ""}
    recipe |= {name: getattr(spec.recipe, name) for name in OF_EVERY_RECIPE}
    if not recipe["nesterov"]:
        del recipe["nesterov"]  # likewise
    recipe |= spec.recipe.additions  # likewise
    stated = _stated(spec, Config)
    if stated["evaluate_every"] == EVERY_EPOCH:
        del stated["evaluate_every"]  # likewise
    flags = _stated(spec.trainer, TrainerConfig)
    callbacks = decisive_callbacks(spec.callbacks)
    trainer = {
        name: value for name, value in flags.items() if value not in (None, False, AUTO_STEPS)
    }
    if not stated["metrics"]:
        del stated["metrics"]  # likewise
    target = outside_name(spec.family)
    spread = is_spread(sizes.train, spec.recipe.batch_size)
    return {
        "family": spec.family.name,
        "options": spec.family.options,
        **({} if target is None else {"target": target}),
        "budget": asdict(spec.budget),
        "design_class": design.design_class.value,
        "member": [design.depth, design.width],
        "k": design.k,
        "source": spec.source.value,
        "dataset": dataset | used,
        "recipe": recipe,
        "execution": _stated(spec.execution, type(spec.execution)),
        "measurement": _stated(spec.measurement, type(spec.measurement)),
        **({SPREAD: True} if spread else {}),
        **({"trainer": trainer} if trainer else {}),
        **({"callbacks": callbacks} if callbacks else {}),
        **stated,
    }


def _stated(values: Any, schema: type) -> dict[str, Any]:
    """Return the values of the keys that a schema declares to be hashed as they are stated."""
    decisive = declared(schema, Decisive)
    return {name: getattr(values, name) for name, parts in decisive.items() if STATED in parts}


def is_decisive(key: str) -> bool:
    """Return whether a dotted key of the configuration is in the fingerprint.

    Raises:
        KeyError: if its field in the schema declares neither.

    >>> is_decisive("seed"), is_decisive("arch.bottleneck"), is_decisive("results")
    (True, True, False)
    """
    schema, name = key_owners()[key], key.rpartition(".")[2]
    if name in declared(schema, Decisive):
        return True
    if name in declared(schema, Excluded):
        return False
    raise KeyError(f"{key}: expected STATED, RESOLVED or Excluded in {schema.__name__}")


def is_excluded(key: str) -> bool:
    """Return whether a dotted key of the configuration is known, and not in the fingerprint."""
    schema = key_owners().get(key)
    return schema is not None and key.rpartition(".")[2] in declared(schema, Excluded)
