"""Every complaint about a configuration, each with its key, what was expected and what came."""

import pytest

from ensemble_switchover.config.groups import key_owners
from ensemble_switchover.config.key_markers import Expected, declared
from ensemble_switchover.errors import ConfigError
from tests.config.resolving import resolve_with

PROBLEMS = [
    (["k=0"], "k=0: expected 1 to 64 members"),
    (["k=-1"], "k=-1: expected 1 to 64 members"),
    (["k=65"], "k=65: expected 1 to 64 members"),
    (["seed=-1"], "seed=-1: expected 0 to 9007199254740991"),
    (["epochs=0"], "epochs=0: expected 1 to 1000000"),
    (["epochs=-3"], "epochs=-3: expected 1 to 1000000"),
    (["evaluate_every=0"],
     "evaluate_every=0: expected a number of epochs, 1 to 1000000, or milestones"),
    (["evaluate_every=5.0"], "evaluate_every=5.0: expected a number of epochs"),
    (["evaluate_every=-2"], "evaluate_every=-2: expected a number of epochs"),
    (["evaluate_every=1000001"], "evaluate_every=1000001: expected a number of epochs"),
    (["evaluate_every=final"], "evaluate_every=final: expected a number of epochs"),
    (["threads=0"], "threads=0: expected 1 to 1024"),
    (["recipe.batch_size=0"], "recipe.batch_size=0: expected 1 to 100000000"),
    (["recipe.learning_rate=0"], "recipe.learning_rate=0.0: expected more than 0"),
    (["recipe.learning_rate=nan"], "recipe.learning_rate=nan: expected more than 0"),
    (["recipe.learning_rate=inf"], "recipe.learning_rate=inf: expected more than 0"),
    (["recipe.weight_decay=-0.1"], "recipe.weight_decay=-0.1: expected 0 to 1000000"),
    (["recipe.weight_decay=nan"], "recipe.weight_decay=nan: expected 0 to 1000000"),
    (["dataset.split_seed=-1"], "dataset.split_seed=-1: expected 0 to 9007"),
    (["dataset.residence=disk"], "dataset.residence=disk: expected one of auto, device, host"),
    (["dataset.url=ftp://x"], "dataset.url=ftp://x: expected http://... or https://..."),
    (["dataset=svhn", "dataset.train_size=604389", "dataset.extra=true"],
     "dataset.train_size=604389: expected 10 (an image a class) to 604388"),
    (["dataset.crop_padding=-1"], "dataset.crop_padding=-1: expected 0 to 1024"),
    (["measurement.latency_seconds=0"], "measurement.latency_seconds=0.0: expected more than 0"),
    (["measurement.latency_batch_sizes=[1,0]"],
     "measurement.latency_batch_sizes=[1, 0]: expected batch sizes of 1 to 100000000"),
    (["precision=12"], "precision=12: expected one of 32, 64, tf32, bf16, 16"),
    (["precision=16", "execution.name=fused"], "precision=16: members in one vectorised step"),
    (["precision=16", "execution.name=parallel", "execution.within=fused"],
     "precision=16: members in one vectorised step would share the scale of their losses"),
    (["execution.name=parallel", "execution.processes=0"],
     "execution.processes=0: expected 1 to 64"),
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
    (["dataset=tiny_imagenet", "dataset.image_size=65"],
     "dataset.image_size=65: expected at most 64, the side of the published images of "
     "tiny_imagenet; leave the key out to keep them as they are"),
    (["dataset.image_size=9"], "dataset.image_size=9: expected at most 8, the side of the"),
    (["dataset.image_size=0"], "dataset.image_size=0: expected 1 to 1024"),
    (["dataset.image_size=1025"], "dataset.image_size=1025: expected 1 to 1024"),
    (["dataset=cifar100_randaugment", "dataset.image_size=33"],
     "dataset.image_size=33: expected at most 32, the side of the published images of cifar100"),
    (["dataset=cifar10", "dataset.image_size=3"],
     "dataset.crop_padding=4: expected at most 3, the side of an image"),
    (["dataset=fractals", "dataset.channels=1"], "dataset.channels=1: expected 3, as the images"),
    (["dataset=fractals", "dataset.image_size=64"],
     "dataset.image_size=64: expected at most 32, the side of the drawn images of fractals; leave"),
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
    ([f"results={'x' * 256}"], f"results={'x' * 256}: expected names of at most 255"),
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
     "dataset.generator_seed=-1: expected 0 to 9007"),
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


def choices_of(key):
    """Return the choices that the schema declares of a key."""
    expected = declared(key_owners()[key], Expected).get(key.rpartition(".")[2], [])
    texts = [str(one) for one in expected if str(one).startswith("one of ")]
    return [choice for text in texts for choice in text.removeprefix("one of ").split(", ")]


def test_every_key_with_choices_takes_each_of_them():
    written = {"design_class.name": "design"}
    prefix = {"budget.along": ["budget=parameters", "budget.parameters=1M"]}
    extra = {
        "dataset.evaluate_on": ["dataset.validation_size=50"],
        "budget.source": ["budget.width=16", "dataset=cifar10"],
        "execution.within": ["execution.name=parallel"],
        "design_class.name": ["budget.width=16"],
    }
    further = {
        "scheduler": ["recipe.schedule.scheduler._target_=torch.optim.lr_scheduler.ConstantLR"]
    }
    choices = {key: options for key in key_owners() if (options := choices_of(key))}
    assert len(choices) == 21
    for key, options in choices.items():
        for option in options:
            overrides = [*prefix.get(key, []), f"{written.get(key, key)}={option}"]
            needed = [*extra.get(key, []), *further.get(option, [])]
            assert resolve_with(*overrides, *needed)


def test_several_problems_are_told_at_once():
    overrides = ("k=0", "seed=-1", "precision=12", "study=a/b", "dataset.train_size=5")
    with pytest.raises(ConfigError) as error:
        resolve_with(*overrides, "recipe.learning_rate=-1", "budget.depth=25")
    first, *listed = str(error.value).splitlines()
    assert first == "7 problems:"
    assert len(listed) == 7
    for override in (*overrides, "recipe.learning_rate=-1", "budget.depth=25"):
        assert sum(line.startswith(f"  - {override}") for line in listed) == 1


def test_results_must_not_be_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(ConfigError, match=f"results={path}: expected a folder, but .*file is"):
            resolve_with(f"results={path}")
    assert resolve_with(f"results={tmp_path}/not/yet/there")
