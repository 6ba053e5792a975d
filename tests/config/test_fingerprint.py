"""Every key of the configuration is decided: in the fingerprint, or out."""

from dataclasses import fields, is_dataclass
from typing import get_type_hints

import pytest

from ensemble_switchover.config import fingerprint
from ensemble_switchover.config.fingerprint import DECISIVE, EXCLUDED, is_decisive
from ensemble_switchover.config.run_spec import resolve
from ensemble_switchover.config.schema import SCHEMAS, Config


def leaf_keys(schema, prefix=""):
    """List every key of a dataclass of the configuration, with its groups' dataclasses."""
    hints = get_type_hints(schema)
    for entry in fields(schema):
        key = f"{prefix}{entry.name}"
        if is_dataclass(hints[entry.name]):
            yield from leaf_keys(hints[entry.name], f"{key}.")
        else:
            yield key


def all_keys():
    keys = set(leaf_keys(Config))
    for group, kinds in SCHEMAS.items():
        node = {"design/schema": "design_class"}.get(group, group.partition("/")[0])
        for schema in kinds.values():
            keys |= set(leaf_keys(schema, f"{node}."))
    return keys


def test_every_key_is_decided():
    undecided = []
    for key in sorted(all_keys()):
        try:
            is_decisive(key)
        except KeyError:
            undecided.append(key)
    assert undecided == [], "add each to DECISIVE or to EXCLUDED in fingerprint.py"


def test_no_key_is_decided_that_is_not_there():
    known = all_keys() | {"arch.*"}
    assert DECISIVE - known == set()
    assert EXCLUDED.keys() - known == set()
    assert not DECISIVE & EXCLUDED.keys()


def test_a_key_that_nobody_decided_is_noticed(monkeypatch):
    monkeypatch.setattr(fingerprint, "DECISIVE", DECISIVE - {"seed"})
    with pytest.raises(KeyError, match="seed: expected in DECISIVE or EXCLUDED"):
        is_decisive("seed")


CHANGES = {
    "arch.family": ["arch=densenet"],
    "dataset.base": None,  # follows from the name
    "dataset.name": ["dataset=cifar10"],
    "dataset.channels": None,  # facts of a published set, which refuses others
    "dataset.image_size": None,
    "dataset.test_images": None,
    "dataset.pooled": None,
    "dataset.extra_images": None,
    "dataset.content": None,  # found in a folder of images
    "dataset.test_share": None,
    "dataset.num_classes": ["dataset=fractals", "dataset.num_classes=12"],
    "dataset.train_images": ["dataset=fractals", "dataset.train_images=12000"],
    "dataset.train_size": ["dataset.train_size=200"],
    "dataset.validation_size": ["dataset.validation_size=50"],
    "dataset.evaluate_on": ["dataset.validation_size=50", "dataset.evaluate_on=test"],
    "dataset.test_size": ["dataset.test_size=900"],
    "dataset.split_seed": ["dataset.split_seed=7"],
    "dataset.augmentation": ["dataset.augmentation=standard"],
    "dataset.crop_padding": ["dataset.augmentation=standard", "dataset.crop_padding=3"],
    "dataset.flip": ["dataset.augmentation=standard", "dataset.flip=true"],
    "dataset.randaugment_ops": ["dataset.augmentation=randaugment", "dataset.randaugment_ops=3"],
    "dataset.randaugment_magnitude": [
        "dataset.augmentation=randaugment",
        "dataset.randaugment_magnitude=5",
    ],
    "dataset.difficulty": ["dataset=fractals", "dataset.difficulty=0.7"],
    "dataset.generator_seed": ["dataset=fractals", "dataset.generator_seed=3"],
    "dataset.extra": ["dataset=svhn", "dataset.extra=true"],
    "design_class.name": ["design_class.name=weq", "budget.width=16"],
    "design_class.k": ["design_class.k=2"],
    "budget.source": ["budget.source=nearest"],
    "budget.depth": ["budget.depth=20"],
    "budget.width": ["budget.width=17"],
    "budget.network": ["budget.network=20x18"],
    "budget.parameters": ["budget=parameters", "budget.parameters=300k"],
    "budget.along": ["budget=parameters", "budget.parameters=300k", "budget.along=depth"],
    "execution.name": ["execution=fused"],
    "execution.channels_last": ["execution=sequential", "execution.channels_last=true"],
    "execution.processes": ["execution=parallel", "execution.processes=2"],
    "execution.within": ["execution=parallel", "execution.within=fused"],
    "recipe.batch_size": ["recipe.batch_size=32"],
    "recipe.learning_rate": ["recipe.learning_rate=0.05"],
    "recipe.weight_decay": ["recipe.weight_decay=0.001"],
    "measurement.latency_batch_sizes": ["measurement.latency_batch_sizes=[1]"],
    "measurement.latency_seconds": ["measurement.latency_seconds=0.1"],
    "measurement.layer_repeats": ["measurement.layer_repeats=0"],
    "k": ["k=3"],
    "seed": ["seed=1"],
    "epochs": ["epochs=10"],
    "precision": ["precision=64"],
    "compile": ["compile=true"],
    "device": ["device=cpu"],
    "threads": ["threads=1"],
}
"""Words that change a key that is in; None where no words can, as things are."""

BASE = ("design=deq", "budget.width=16")


def test_every_decisive_key_is_tried():
    tried = {key for key in CHANGES if key != "arch.family"} | {"arch.*"}
    assert DECISIVE - tried == set(), "add words that change it to CHANGES"


def test_every_key_that_is_in_changes_the_fingerprint(compose_config):
    def fingerprint_of(words):
        return resolve(compose_config("design=deq", *words)).fingerprint

    found = {"": fingerprint_of([])}
    found |= {key: fingerprint_of(words) for key, words in CHANGES.items() if words}
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "word",
    [
        "dataset.root=/data", "dataset.cache=/arrays", "dataset.url=http://mirror",
        "dataset.residence=host", "logger=none", "logger.project=other", "logger.entity=me",
        "logger.mode=offline", "results=elsewhere", "study=other", "retry=failed",
        "record.predictions=all", "record.weights=false",
    ],
)  # fmt: skip
def test_no_key_that_is_out_changes_it(word, compose_config):
    changed = resolve(compose_config(*BASE, word))
    assert changed.fingerprint == resolve(compose_config(*BASE)).fingerprint
