"""Every key of the configuration is decided: in the fingerprint, or out."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest

from ensemble_switchover.config import fingerprint as fingerprint_module
from ensemble_switchover.config.fingerprint import decisive_values, is_decisive, is_excluded
from ensemble_switchover.config.groups import key_owners
from ensemble_switchover.config.key_markers import STATED, Decisive, Excluded, declared
from ensemble_switchover.config.resolve import resolve
from tests.config.resolving import resolve_with

KEYS = [key for key in key_owners() if not key.startswith("sweep.")]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_decided_once(key):
    schema, name = key_owners()[key], key.rpartition(".")[2]
    decisions = [declared(schema, kind).get(name, []) for kind in (Decisive, Excluded)]
    assert len([one for found in decisions for one in found]) == 1, "decide it in schema.py"
    assert is_decisive(key) != is_excluded(key)


def test_a_key_that_nobody_decided_is_noticed(monkeypatch):
    @dataclass
    class Grown:
        seed: Annotated[int, STATED] = 0
        new: int = 0

    owners = {"seed": Grown, "new": Grown}
    monkeypatch.setattr(fingerprint_module, "key_owners", lambda: owners)
    assert is_decisive("seed")
    with pytest.raises(KeyError, match="new: expected STATED, RESOLVED or Excluded in Grown"):
        is_decisive("new")


SCHEDULER = [
    "recipe/schedule=scheduler",
    "recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.ExponentialLR",
]
CHANGES = {
    "arch.family": ["arch=densenet"],
    "dataset.base": None,  # follows from the name
    "dataset.name": ["dataset=cifar10"],
    "dataset.channels": None,  # facts of a published set, which refuses others
    "dataset.test_images": None,
    "dataset.pooled": None,
    "dataset.extra_images": None,
    "dataset.content": None,  # found in a folder of images
    "dataset._target_": None,  # of a user's own data set: tests/config/test_own_options.py
    "dataset.arguments": None,
    "dataset.test_share": None,
    "dataset.num_classes": ["dataset=fractals", "dataset.num_classes=12"],
    "dataset.train_images": ["dataset=fractals", "dataset.train_images=12000"],
    "dataset.image_size": ["dataset.image_size=7"],
    "dataset.train_size": ["dataset.train_size=200"],
    "dataset.validation_size": ["dataset.validation_size=50"],
    "dataset.evaluate_on": ["dataset.validation_size=50", "dataset.evaluate_on=test"],
    "dataset.test_size": ["dataset.test_size=900"],
    "dataset.split_seed": ["dataset.split_seed=7"],
    "dataset.augmentation": ["dataset.augmentation=standard"],
    "dataset.crop_padding": ["dataset.augmentation=standard", "dataset.crop_padding=3"],
    "dataset.flip": ["dataset.augmentation=standard", "dataset.flip=true"],
    "dataset.normalisation": ["dataset.normalisation=scaled"],
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
    "recipe.nesterov": ["recipe.nesterov=true"],
    "recipe.name": None,  # what a recipe sets is in, its name is not
    "recipe.epochs": ["recipe.epochs=12"],
    "recipe.decay": ["recipe.decay=weights"],
    "recipe.momentum": ["recipe.momentum=0.8"],
    "recipe.optimizer": ["recipe/optimizer=adamw"],
    "recipe.label_smoothing": ["recipe.label_smoothing=0.1"],
    "recipe.mixup": ["recipe.mixup=0.2"],
    "recipe.cutmix": ["recipe.cutmix=1"],
    "recipe.gradient_clip": ["recipe.gradient_clip=1"],
    "recipe.ema_decay": ["recipe.ema_decay=0.99"],
    "recipe.loss": ["recipe.loss._target_=torch.nn.CrossEntropyLoss"],
    "recipe.schedule.name": ["recipe/schedule=constant"],
    "recipe.schedule.drops": ["recipe.schedule.drops=[[10,0.1]]"],
    "recipe.schedule.warmup_epochs": ["recipe.schedule.warmup_epochs=2"],
    "recipe.schedule.start": ["recipe/schedule=one_cycle", "recipe.schedule.start=0.1"],
    "recipe.schedule.peak": ["recipe/schedule=one_cycle", "recipe.schedule.peak=0.5"],
    "recipe.schedule.end": ["recipe/schedule=one_cycle", "recipe.schedule.end=0.1"],
    "recipe.schedule.curve": ["recipe/schedule=one_cycle", "recipe.schedule.curve=linear"],
    "recipe.schedule.scheduler": SCHEDULER,
    "recipe.schedule.interval": [*SCHEDULER, "recipe.schedule.interval=step"],
    "measurement.latency_batch_sizes": ["measurement.latency_batch_sizes=[1]"],
    "measurement.latency_seconds": ["measurement.latency_seconds=0.1"],
    "measurement.layer_repeats": ["measurement.layer_repeats=0"],
    "metrics": ["+metrics.own={_target_:torchmetrics.Accuracy,task:multiclass}"],
    "k": ["k=3"],
    "seed": ["seed=1"],
    "epochs": ["epochs=10"],
    "evaluate_every": ["evaluate_every=5"],
    "callbacks": ["callbacks=early_stopping"],
    "trainer.steps_at_once": ["trainer.steps_at_once=1"],
    "trainer.deterministic": ["trainer.deterministic=true"],
    "trainer.benchmark": ["trainer.benchmark=true"],
    "trainer.detect_anomaly": ["trainer.detect_anomaly=true"],
    "trainer.profiler": ["trainer.profiler=simple"],
    "precision": ["precision=64"],
    "compile": ["compile=true"],
    "device": ["device=cpu"],
    "threads": ["threads=1"],
}
"""Overrides that change a key that is in; None where no overrides can, as things are."""


def test_every_decisive_key_is_tried():
    decisive = {key for key in KEYS if is_decisive(key) and not key.startswith("arch.")}
    assert decisive - CHANGES.keys() == set(), "add overrides that change it to CHANGES"


def test_every_key_that_is_in_changes_the_fingerprint(compose_config):
    def fingerprint_of(overrides):
        return resolve(compose_config("design=deq", *overrides)).fingerprint

    found = {"": fingerprint_of([])}
    found |= {key: fingerprint_of(overrides) for key, overrides in CHANGES.items() if overrides}
    assert len(set(found.values())) == len(found)


BASE = ("design=deq", "budget.width=16", "k=2")
DISTINCT = [
    ["arch=densenet"],
    ["arch.shortcut=projection"],
    ["dataset=cifar10"],
    ["dataset=cifar100"],
    ["dataset=fashion_mnist"],
    ["dataset=fractals"],
    ["dataset=fractals", "dataset.difficulty=0.6"],
    ["dataset=fractals", "dataset.generator_seed=1"],
    ["dataset=fractals", "dataset.num_classes=11"],
    ["dataset=fractals", "dataset.train_images=10001"],
    ["dataset=svhn"],
    ["dataset=svhn", "dataset.extra=true"],
    ["dataset=mnist"],
    ["dataset=kmnist"],
    ["dataset.image_size=6"],
    ["dataset.train_size=299"],
    ["dataset.test_size=1000"],
    ["dataset.split_seed=1"],
    ["dataset.validation_size=50"],
    ["dataset.validation_size=50", "dataset.evaluate_on=test"],
    ["dataset.validation_size=60", "dataset.evaluate_on=test"],
    ["dataset.augmentation=standard"],
    ["dataset.augmentation=standard", "dataset.crop_padding=2"],
    ["dataset.augmentation=standard", "dataset.flip=true"],
    ["dataset=cifar10", "dataset.train_size=1000"],
    ["dataset=cifar10", "dataset.train_size=1000", "dataset.split_seed=1"],
    ["dataset.normalisation=scaled"],
    ["dataset.augmentation=randaugment"],
    ["dataset.augmentation=randaugment", "dataset.randaugment_ops=3"],
    ["dataset.augmentation=randaugment", "dataset.randaugment_magnitude=9"],
    ["design=single"],
    ["design=weq"],
    ["k=3"],
    ["budget.depth=20"],
    ["budget.width=17"],
    ["recipe.batch_size=32"],
    ["recipe.learning_rate=0.05"],
    ["recipe.weight_decay=0.001"],
    ["recipe.nesterov=true"],
    ["seed=1"],
    ["epochs=10"],
    ["precision=64"],
    ["compile=true"],
    ["device=cpu"],
    ["threads=1"],
    ["measurement.latency_batch_sizes=[1]"],
    ["measurement.latency_seconds=0.1"],
    ["budget.source=nearest"],  # the same network here, but a run of another study
]
INDIFFERENT = [
    ["results=elsewhere"],
    ["record.predictions=all"],
    ["record.weights=false"],
    ["logger.mode=offline"],
    ["study=other"],
    ["logger=none"],
    ["logger=csv"],
    ["logger.project=other"],
    ["logger.entity=me"],
    ["logger.name=mine"],
    ["logger.group=others"],
    ["logger.tags=[a,b]"],
    ["logger.notes=later"],
    ["dataset.root=/data"],
    ["dataset.normalisation=standardised"],
    ["dataset.randaugment_ops=3"],  # nothing applies it here
    ["dataset.randaugment_magnitude=9"],
    ["dataset.crop_padding=2"],  # nothing is augmented
    ["dataset.flip=true"],
    ["dataset.cache=/arrays"],
    ["dataset.evaluate_on=test"],
    ["dataset.url=http://mirror"],
    ["dataset.residence=host"],
    ["retry=failed"],
    ["epochs=20"],  # the recipe's own
    ["recipe.batch_size=64"],
    ["recipe.nesterov=false"],
    ["dataset.train_size=300"],
    ["budget.depth=26"],
]


@pytest.mark.parametrize("overrides", INDIFFERENT, ids=" ".join)
def test_the_fingerprint_keeps_still(overrides):
    assert resolve_with(*BASE, *overrides).fingerprint == resolve_with(*BASE).fingerprint


# As printed by the program before it had Nesterov's momentum and unstandardised pixels.
@pytest.mark.parametrize(
    ("overrides", "fingerprint"),
    [
        ("", "b3d6bce07146"),
        ("arch=resnet dataset=cifar10", "f53d2b957606"),
        ("arch=densenet dataset=cifar10 recipe.nesterov=false", "f8c2f8c0333c"),
        (
            "arch=wide_resnet dataset=cifar100 design=deq k=4 budget.network=28x4 seed=1 "
            "recipe.nesterov=false",
            "377aaa1ab4f6",
        ),
        (
            "arch=densenet dataset=svhn recipe.nesterov=false dataset.augmentation=standard "
            "dataset.normalisation=standardised",
            "5afc56db4a51",
        ),
    ],
)
def test_runs_of_before_keep_their_fingerprints(overrides, fingerprint):
    assert resolve_with(*overrides.split()).fingerprint == fingerprint


def test_the_split_seed_decides_only_where_something_is_drawn():
    whole, other = (resolve_with("dataset=cifar10", f"dataset.split_seed={s}") for s in (0, 1))
    assert whole.fingerprint == other.fingerprint


def test_the_fingerprint_changes_with_each_decisive_value():
    found = {"": resolve_with(*BASE).fingerprint}
    for overrides in DISTINCT:
        key = overrides[0].partition("=")[0]
        base = [override for override in BASE if override.partition("=")[0] != key]
        found[" ".join(overrides)] = resolve_with(*base, *overrides).fingerprint
    assert len(found) == len(DISTINCT) + 1
    by_fingerprint = {}
    for name, value in found.items():
        by_fingerprint.setdefault(value, []).append(name)
    assert [names for names in by_fingerprint.values() if len(names) > 1] == []


def test_the_fingerprint_is_the_same_in_every_process():
    code = (
        "from hydra import compose, initialize_config_dir;"
        "from ensemble_switchover.config.groups import conf_folder, register_schemas;"
        "from ensemble_switchover.config.schema import typed;"
        "from ensemble_switchover.config.resolve import resolve;"
        "register_schemas();"
        "initialize_config_dir(str(conf_folder()), version_base='1.3').__enter__();"
        "print(resolve(typed(compose('config', overrides=['design=deq', 'k=2', "
        "'budget.width=16']))).fingerprint)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert printed == resolve_with(*BASE).fingerprint


def test_evaluating_every_epoch_leaves_the_fingerprints_of_before(compose_config):
    spec = resolve(compose_config(*BASE))
    assert "evaluate_every" not in decisive_values(spec)
    fewer = resolve(compose_config(*BASE, "evaluate_every=milestones"))
    assert decisive_values(fewer) == {**decisive_values(spec), "evaluate_every": "milestones"}
