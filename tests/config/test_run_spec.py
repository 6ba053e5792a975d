"""Cells: resolving, every complaint about a configuration, and the fingerprint."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ensemble_switchover.config.run_spec import CHOICES, resolve
from ensemble_switchover.config.schema import conf_folder, typed
from ensemble_switchover.errors import ConfigError, DesignError

GROUPS = {"arch", "budget", "dataset", "design", "logger"}


@functools.cache
def composed(*choices):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return compose("config", overrides=list(choices))


def resolve_with(*overrides):
    """Resolve what the command line would compose; composing once a choice of groups is quicker."""
    choices = [word for word in overrides if word.partition("=")[0] in GROUPS]
    values = [word for word in overrides if word not in choices]
    return resolve(typed(OmegaConf.merge(composed(*choices), OmegaConf.from_dotlist(values))))


# ResNet 26x16 on CIFAR-10, k = 4: Table C of the paper gives the depth 8; by the rule the width is
# 7 (8, as printed, would overspend).


@pytest.mark.parametrize(
    ("design", "depth", "width", "k"),
    [("single", 26, 16, 1), ("deq", 26, 7, 4), ("weq", 8, 16, 4)],
)
def test_every_design_class_resolves(design, depth, width, k):
    spec = resolve_with("dataset=cifar10", "budget.width=16", f"design={design}")
    assert (spec.design.depth, spec.design.width, spec.design.k) == (depth, width, k)
    assert (spec.budget.depth, spec.budget.width) == (26, 16)
    assert spec.design.parameters <= spec.budget.parameters
    assert len(spec.member_seeds) == k
    assert (spec.task.channels, spec.task.size, spec.task.num_classes) == (3, 32, 10)
    assert (spec.train_size, spec.test_size) == (50_000, 10_000)


def test_published_takes_the_tables_width():
    words = ("dataset=cifar10", "budget.width=16", "design=deq", "budget.source=published")
    assert resolve_with(*words).design.width == 8


@pytest.mark.parametrize(
    ("arch", "depth", "width"), [("densenet", 40, 12), ("resnet", 26, 8), ("wide_resnet", 28, 4)]
)
def test_absent_knobs_are_the_familys_own(arch, depth, width):
    budget = resolve_with(f"arch={arch}", "dataset=cifar10").budget
    assert (budget.depth, budget.width) == (depth, width)


def test_a_budget_of_parameters_resolves_along_either_knob():
    words = ("dataset=cifar10", "budget=parameters", "budget.parameters=270k")
    wide = resolve_with(*words, "budget.depth=20")
    assert (wide.budget.depth, wide.budget.width, wide.budget.parameters) == (20, 16, 269_722)
    deep = resolve_with(*words, "budget.width=16", "budget.along=depth")
    assert (deep.budget.depth, deep.budget.width) == (20, 16)


def test_options_of_the_family_arrive():
    words = ("arch=densenet", "arch.bottleneck=true", "arch.compression=0.5", "dataset=cifar10")
    spec = resolve_with(*words, "budget.depth=100")
    assert spec.budget.parameters == 769_162


def test_the_recipe_is_table_as_with_what_is_replaced():
    words = ("dataset=cifar10", "recipe.batch_size=32", "recipe.weight_decay=0")
    recipe = resolve_with(*words, "recipe.learning_rate=0.5", "epochs=25").recipe
    assert (recipe.epochs, recipe.batch_size, recipe.weight_decay) == (25, 32, 0)
    assert recipe.learning_rate == 0.5
    starts, rates = zip(*recipe.drops, strict=True)
    assert starts == (10, 20)
    assert rates == pytest.approx((0.05, 0.005))


def test_training_flops_are_three_forward_passes_an_image():
    # FLOPs of ResNet-20: 40.55 M multiply-adds an image on CIFAR-10, that is 81.1 MFLOPs.
    words = ("dataset=cifar10", "budget.depth=20", "budget.width=16", "epochs=2")
    spec = resolve_with(*words, "dataset.train_size=1000")
    assert spec.training_flops == pytest.approx(3 * 2 * 1000 * 81.1e6, rel=1e-3)


def test_the_folder_names_the_cell():
    spec = resolve_with("results=store", "study=night", "seed=5", "design=deq", "k=2")
    assert spec.folder == Path("store") / "night" / spec.name
    assert spec.name.startswith("resnet_digits_26x8_deq_k2_seed5_")
    assert spec.name.endswith(spec.fingerprint)


# Notes


def test_a_single_network_says_that_it_has_one_member():
    spec = resolve_with("design=single", "k=4")
    assert spec.design.k == 1
    assert spec.member_seeds == [0]
    assert spec.notes == ("design=single is one network: k=4 is taken as k=1",)
    assert spec.fingerprint == resolve_with("design=single").fingerprint


def test_a_pair_that_table_a_lacks_is_noted():
    # Every family of conf/arch has its row for both CIFAR sets; only another data set lacks one.
    assert resolve_with("dataset=cifar10").notes == ()
    spec = resolve_with("dataset=svhn")
    assert len(spec.notes) == 1
    assert "no row for resnet on svhn" in spec.notes[0]
    assert spec.recipe.epochs == 250


def test_a_set_takes_the_recipe_of_its_base():
    plain, harder = resolve_with("dataset=cifar100"), resolve_with("dataset=cifar100_randaugment")
    assert harder.recipe == plain.recipe
    assert harder.recipe.epochs == 500
    assert harder.notes == ()
    assert harder.fingerprint != plain.fingerprint


# Complaints


PROBLEMS = [
    (["k=0"], "k=0: expected 1 to 64 members"),
    (["k=-1"], "k=-1: expected 1 to 64 members"),
    (["k=65"], "k=65: expected 1 to 64 members"),
    (["seed=-1"], "seed=-1: expected 0 or more"),
    (["epochs=0"], "epochs=0: expected more than 0"),
    (["epochs=-3"], "epochs=-3: expected more than 0"),
    (["threads=0"], "threads=0: expected 1 to 1024"),
    (["recipe.batch_size=0"], "recipe.batch_size=0: expected more than 0"),
    (["recipe.learning_rate=0"], "recipe.learning_rate=0.0: expected more than 0"),
    (["recipe.learning_rate=nan"], "recipe.learning_rate=nan: expected more than 0"),
    (["recipe.learning_rate=inf"], "recipe.learning_rate=inf: expected more than 0"),
    (["recipe.weight_decay=-0.1"], "recipe.weight_decay=-0.1: expected 0 or more"),
    (["recipe.weight_decay=nan"], "recipe.weight_decay=nan: expected 0 or more"),
    (["dataset.split_seed=-1"], "dataset.split_seed=-1: expected 0 or more"),
    (["dataset.residence=disk"], "dataset.residence=disk: expected one of auto, device, host"),
    (["dataset.url=ftp://x"], "dataset.url=ftp://x: expected http://... or https://..."),
    (["dataset=svhn", "dataset.train_size=604389", "dataset.extra=true"],
     "dataset.train_size=604389: expected 10 (an image a class) to 604388"),
    (["dataset.crop_padding=-1"], "dataset.crop_padding=-1: expected 0 or more"),
    (["measurement.latency_seconds=0"], "measurement.latency_seconds=0.0: expected more than 0"),
    (["measurement.latency_batch_sizes=[1,0]"],
     "measurement.latency_batch_sizes=[1, 0]: expected batch sizes of at least 1"),
    (["precision=12"], "precision=12: expected one of 32, 64, tf32, bf16, 16"),
    (["precision=16", "execution.name=fused"], "precision=16: members in one vectorised step"),
    (["precision=16", "execution.name=parallel", "execution.within=fused"],
     "precision=16: members in one vectorised step would share the scale of their losses"),
    (["execution.name=parallel", "execution.processes=0"],
     "execution.processes=0: expected more than 0"),
    (["execution.within=turns"], "execution.within=turns: expected one of sequential, fused"),
    (["execution.within=fused"], "execution.within=fused: is for execution=parallel, and "),
    (["execution.processes=2"], "execution.processes=2: execution=auto has no processes"),
    (["execution.name=fused", "execution.channels_last=true"],
     "execution.channels_last=true: execution=fused decides that itself"),
    (["execution.name=parallel", "execution.processes=2", "threads=1", "device=cpu"],
     "execution.processes=2: expected at most one a thread, and threads=1 came"),
    (["device=tpu"], "device=tpu: expected one of auto, cpu, cuda, mps"),
    (["retry=always"], "retry=always: expected one of none, failed"),
    (["dataset.augmentation=heavy"], "dataset.augmentation=heavy: expected one of none, standard, "
     "randaugment"),
    (["dataset.randaugment_ops=0"], "dataset.randaugment_ops=0: expected 1 to 14"),
    (["dataset.randaugment_magnitude=31"], "dataset.randaugment_magnitude=31: expected 0 to 30"),
    (["dataset.randaugment_magnitude=-1"], "dataset.randaugment_magnitude=-1: expected 0 to 30"),
    (["dataset.randaugment_ops=15"], "dataset.randaugment_ops=15: expected 1 to 14"),
    (["dataset.augmentation=standard", "dataset.crop_padding=9"],
     "dataset.crop_padding=9: expected at most 8, the side of an image"),
    (["dataset.channels=3"], "dataset.channels=3: expected 1, as digits has it; leave the key out"),
    (["dataset=cifar10", "dataset.num_classes=5"], "dataset.num_classes=5: expected 10, as cif"),
    (["dataset=cifar10", "dataset.train_images=100"], "dataset.train_images=100: expected 50000"),
    (["dataset=svhn", "dataset.extra_images=9"], "dataset.extra_images=9: expected 531131"),
    (["dataset=tiny_imagenet", "dataset.image_size=32"], "dataset.image_size=32: expected 64"),
    (["dataset=fractals", "dataset.channels=1"], "dataset.channels=1: expected 3, as the images"),
    (["dataset=fractals", "dataset.image_size=64"], "dataset.image_size=64: expected 32, as the"),
    (["budget.source=table"], "budget.source=table: expected one of rule, published, nearest"),
    (["budget=parameters", "budget.parameters=1M", "budget.along=both"],
     "budget.along=both: expected one of width, depth"),
    (["logger.mode=maybe"], "logger.mode=maybe: expected one of auto, online, offline"),
    (["logger.kind=mlflow"], "logger=mlflow: expected one of wandb, csv, tensorboard, none"),
    (["execution.name=magic"], "execution=magic: expected one of "),
    (["design_class.name=heq"], "design=heq: expected one of single, deq, weq"),
    (["study=../x"], "study=../x: expected the name of a folder"),
    (["study=a/b"], "study=a/b: expected the name of a folder"),
    (["study=.."], "study=..: expected the name of a folder"),
    (["study=''"], "study=: expected the name of a folder"),
    ([f"study={'x' * 256}"], f"study={'x' * 256}: expected the name of a folder"),
    ([f"results={'x' * 256}"], f"results={'x' * 256}: expected a folder: File name too long"),
    (["results=''"], "results=: expected the name of a folder"),
    (["dataset.train_size=5"],
     "dataset.train_size=5: expected 10 (an image a class) to 1797, the images that digits has"),
    (["dataset.test_size=1798"],
     "dataset.test_size=1798: expected 10 (an image a class) to 1797, the images that digits has"),
    (["dataset=cifar100", "dataset.test_size=99"],
     "dataset.test_size=99: expected 100 (an image a class) to 10000"),
    (["dataset.train_size=1000", "dataset.test_size=798"],
     "dataset.train_size=1000 dataset.test_size=798: expected at most 1797 together"),
    (["dataset.evaluate_on=train"],
     "dataset.evaluate_on=train: expected one of test, validation"),
    (["dataset.evaluate_on=validation"],
     "dataset.evaluate_on=validation: expected dataset.validation_size=..."),
    (["dataset.validation_size=9"],
     "dataset.validation_size=9: expected 10 (an image a class) to 290, so that as many are left "
     "of the 300 training images"),
    (["dataset.validation_size=291"], "dataset.validation_size=291: expected 10 (an image a"),
    (["dataset.validation_size=0"], "dataset.validation_size=0: expected 10 (an image a"),
    (["dataset=folder"], "dataset.root: expected the folder of your images"),
    (["dataset=folder", "dataset.root=/nowhere/at/all"],
     "dataset.root=/nowhere/at/all: expected a folder of images, there is none"),
    (["dataset=folder", "dataset.test_share=0.6", "dataset.root=/nowhere"],
     "dataset.test_share=0.6: expected more than 0 and at most 0.5"),
    (["dataset=fractals", "dataset.difficulty=1.1"], "dataset.difficulty=1.1: expected 0 to 1"),
    (["dataset=fractals", "dataset.difficulty=nan"], "dataset.difficulty=nan: expected 0 to 1"),
    (["dataset=fractals", "dataset.generator_seed=-1"],
     "dataset.generator_seed=-1: expected 0 or more"),
    (["dataset=fractals", "dataset.num_classes=1"], "dataset.num_classes=1: expected 2 or more"),
    (["budget.depth=25"],
     "budget.depth=25: a resnet has depth 6n+2, n at least 1; nearest: 20 and 26"),
    (["budget.width=0"], "budget.width=0: expected a number of channels of the first stage"),
    (["arch=densenet", "budget.width=0"], "budget.width=0: expected a growth rate of at least 1"),
    (["arch=densenet", "arch.compression=0"],
     "arch.compression=0.0: expected more than 0 and at most 1"),
    (["arch.shortcut=none"], "arch.shortcut=none: expected one of identity, projection"),
    (["arch.family=densenet"], "arch.family=densenet: expected resnet; arch= chooses a family"),
    (["budget=parameters", "budget.parameters=many"],
     "budget.parameters=many: expected a number of parameters such as 1.5M or 200k"),
    (["budget=parameters", "budget.parameters=1k"],
     "budget.parameters=1,000: no resnet of depth 26 is that small; "
     "the smallest has 1,595 parameters"),
    (["budget=parameters", "budget.parameters=1M", "budget.depth=25"], "budget.depth=25: a resnet"),
    (["design=deq", "k=64"], "design=deq k=64: 64 networks of depth 26 do not fit into 92,322"),
    (["design=weq", "k=6"], "design=weq k=6: 6 networks of width 8 do not fit into 92,322"),
    (["design=deq", "budget.source=published"],
     "budget.source=published: Table C has no single network 26x8"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "message"), PROBLEMS)
def test_every_problem_names_key_expectation_and_value(overrides, message):
    with pytest.raises(ConfigError) as error:
        resolve_with(*overrides)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_every_key_with_choices_takes_each_of_them():
    written = {"execution": "execution.name", "logger": "logger.kind", "design": "design"}
    prefix = {"budget.along": ["budget=parameters", "budget.parameters=1M"]}
    extra = {
        "dataset.evaluate_on": ["dataset.validation_size=50"],
        "budget.source": ["budget.width=16", "dataset=cifar10"],
        "execution.within": ["execution.name=parallel"],
        "design": ["budget.width=16"],
    }
    for key, choices in CHOICES.items():
        for choice in choices:
            words = [*prefix.get(key, []), f"{written.get(key, key)}={choice}"]
            assert resolve_with(*words, *extra.get(key, []))


def test_several_problems_are_told_at_once():
    words = ("k=0", "seed=-1", "precision=12", "study=a/b", "dataset.train_size=5")
    with pytest.raises(ConfigError) as error:
        resolve_with(*words, "recipe.learning_rate=-1", "budget.depth=25")
    first, *listed = str(error.value).splitlines()
    assert first == "7 problems:"
    assert len(listed) == 7
    for word in (*words, "recipe.learning_rate=-1", "budget.depth=25"):
        assert sum(line.startswith(f"  - {word}") for line in listed) == 1


def test_results_must_not_be_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(ConfigError, match=f"results={path}: expected a folder, but .*file is"):
            resolve_with(f"results={path}")
    assert resolve_with(f"results={tmp_path}/not/yet/there")


@pytest.mark.parametrize(
    ("overrides", "is_hole"),
    [
        (["design=weq", "k=6"], True),
        (["design=deq", "k=64"], True),
        (["design=deq", "budget.source=published"], True),
        (["budget.depth=25"], False),
        (["arch.shortcut=none"], False),
        (["k=0"], False),
        (["budget=parameters", "budget.parameters=1k"], False),
    ],
)
def test_only_a_design_that_does_not_exist_at_its_budget_is_a_hole(overrides, is_hole):
    with pytest.raises(ConfigError) as error:
        resolve_with(*overrides)
    assert isinstance(error.value, DesignError) == is_hole


# Fingerprint


BASE = ("design=deq", "budget.width=16", "k=2")
DECISIVE = [
    ["arch=densenet"],
    ["arch.shortcut=projection"],
    ["dataset=cifar10"],
    ["dataset=cifar100"],
    ["dataset=fractals"],
    ["dataset=fractals", "dataset.difficulty=0.6"],
    ["dataset=fractals", "dataset.generator_seed=1"],
    ["dataset=fractals", "dataset.num_classes=11"],
    ["dataset=fractals", "dataset.train_images=10001"],
    ["dataset=svhn"],
    ["dataset=svhn", "dataset.extra=true"],
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
    ["study=other"],
    ["logger=none"],
    ["logger=csv"],
    ["logger.project=other"],
    ["logger.entity=me"],
    ["dataset.root=/data"],
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
    ["dataset.train_size=300"],
    ["budget.depth=26"],
]


@pytest.mark.parametrize("overrides", INDIFFERENT, ids=" ".join)
def test_the_fingerprint_keeps_still(overrides):
    assert resolve_with(*BASE, *overrides).fingerprint == resolve_with(*BASE).fingerprint


def test_the_split_seed_decides_only_where_something_is_drawn():
    whole, other = (resolve_with("dataset=cifar10", f"dataset.split_seed={s}") for s in (0, 1))
    assert whole.fingerprint == other.fingerprint


def test_the_fingerprint_changes_with_each_decisive_value():
    found = {"": resolve_with(*BASE).fingerprint}
    for overrides in DECISIVE:
        words = [word for word in BASE if word.partition("=")[0] != overrides[0].partition("=")[0]]
        found[" ".join(overrides)] = resolve_with(*words, *overrides).fingerprint
    assert len(found) == len(DECISIVE) + 1
    by_fingerprint = {}
    for name, fingerprint in found.items():
        by_fingerprint.setdefault(fingerprint, []).append(name)
    assert [names for names in by_fingerprint.values() if len(names) > 1] == []


def test_a_single_network_is_one_cell_whatever_the_source():
    words = ("design=single", "budget.width=16")
    by_nearest = resolve_with(*words, "budget.source=nearest")
    assert by_nearest.fingerprint == resolve_with(*words).fingerprint
    assert by_nearest.source.value == "rule"


def test_a_knob_that_is_sought_cannot_be_given():
    words = ("budget=parameters", "budget.parameters=1M")
    with pytest.raises(ConfigError, match=r"budget.width=3: .* expected budget.depth="):
        resolve_with(*words, "budget.width=3")
    with pytest.raises(ConfigError, match=r"budget.depth=20: .* expected budget.width="):
        resolve_with(*words, "budget.along=depth", "budget.depth=20")


def test_another_source_is_another_cell():
    words = ("design=deq", "budget.width=16", "k=4", "dataset=cifar10")
    by_rule = resolve_with(*words)
    by_nearest = resolve_with(*words, "budget.source=nearest")
    as_published = resolve_with(*words, "budget.source=published")
    assert (by_rule.design.width, by_nearest.design.width, as_published.design.width) == (7, 8, 8)
    assert len({spec.fingerprint for spec in (by_rule, by_nearest, as_published)}) == 3


def test_a_budget_stated_in_another_way_is_the_same_cell():
    words = ("dataset=cifar10", "budget.depth=20")
    by_network = resolve_with(*words, "budget.width=16")
    by_parameters = resolve_with(*words, "budget=parameters", "budget.parameters=269722")
    assert by_network.fingerprint == by_parameters.fingerprint
    assert by_network.name == by_parameters.name


def test_the_fingerprint_is_the_same_in_every_process():
    code = (
        "from hydra import compose, initialize_config_dir;"
        "from ensemble_switchover.config.schema import conf_folder, register_schemas, typed;"
        "from ensemble_switchover.config.run_spec import resolve;"
        "register_schemas();"
        "initialize_config_dir(str(conf_folder()), version_base='1.3').__enter__();"
        "print(resolve(typed(compose('config', overrides=['design=deq', 'k=2', "
        "'budget.width=16']))).fingerprint)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert printed == resolve_with(*BASE).fingerprint


def test_a_design_that_overspends_says_so(compose_config):
    words = ("design=weq", "k=64", "budget.source=nearest")
    (note,) = [note for note in resolve(compose_config(*words)).notes if "budget" in note]
    assert note == "the design has 1322 % of the parameters of its budget"
    assert not resolve(compose_config("design=deq")).notes


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["arch=vgg", "dataset.train_size=33", "recipe.batch_size=16"], True),
        (["arch=vgg", "dataset.train_size=32", "recipe.batch_size=1"], True),
        (["arch=vgg", "dataset.train_size=34", "recipe.batch_size=16"], False),
        (["arch=resnet", "dataset.train_size=33", "recipe.batch_size=16"], False),
    ],
)
def test_a_batch_of_one_image_is_refused_where_it_cannot_be_normalised(
    words, refused, compose_config
):
    config = compose_config("budget.network=8x4", *words)
    if refused:
        with pytest.raises(ConfigError, match=r"recipe.batch_size=\d+: leaves a batch of one"):
            resolve(config)
    else:
        assert resolve(config).recipe.batch_size in {1, 16}
