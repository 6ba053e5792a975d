"""What a run needs to know of its data set before any image is read (no torch)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from platformdirs import user_cache_path

from ensemble_switchover.config.fingerprint import excluded_of
from ensemble_switchover.config.image_folder import MIN_CLASSES, num_test_images, read_image_folder
from ensemble_switchover.config.schema import (
    DatasetConfig,
    FolderConfig,
    FractalsConfig,
    SvhnConfig,
    conf_folder,
)
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.file_digests import digest_of_contents

MAX_MAGNITUDE = 30
"""RandAugment's strongest bin."""

RANDAUGMENT_OPERATIONS = 14
"""How many there are; an image gets one after another."""

MAX_TEST_SHARE = 0.5

MAX_IMAGE_SIZE = 1024
"""Pixels a side: the networks are made for small images."""

DRAWN_FRACTALS = {"channels": 3, "image_size": 32}
"""What the generator draws."""

COUNTED = {"folder", "fractals"}
"""Sets whose facts are counted or chosen; those of others are published."""

PUBLISHED_FACTS = (
    "channels",
    "image_size",
    "num_classes",
    "train_images",
    "test_images",
    "extra_images",
)


@dataclass(frozen=True, slots=True)
class SplitSizes:
    """How many images are used for what."""

    train: int
    """Trained on."""
    validation: int
    """Held out of the training images; 0 for none."""
    test: int
    """Measured on after every epoch; 0 where the validation images take their place."""
    evaluated_on: str = "test"
    """The images that the networks are measured on, `test` or `validation`: as asked for."""

    @property
    def evaluated(self) -> int:
        """Measured on after every epoch, of whichever kind."""
        return self.validation if self.evaluated_on == "validation" else self.test


def with_facts(dataset: DatasetConfig) -> DatasetConfig:
    """Fill in what a folder of images says by itself; other sets stay as they are.

    Raises:
        ConfigError: if the folder is absent or not laid out as one.
    """
    if not isinstance(dataset, FolderConfig):
        return dataset
    if dataset.content:
        raise ConfigError(
            f"dataset.content={dataset.content}: is found in the folder; leave the key out"
        )
    if dataset.root is None:
        raise ConfigError("dataset.root: expected the folder of your images; give dataset.root=...")
    if not 0 < dataset.test_share <= MAX_TEST_SHARE:
        raise ConfigError(
            f"dataset.test_share={dataset.test_share}: expected more than 0 and at most "
            f"{MAX_TEST_SHARE}"
        )
    root = Path(dataset.root).expanduser()
    found = read_image_folder(root)
    num_classes, num_images = len(found.class_names), len(found.train.files)
    if found.test is None:
        test_images = num_test_images(num_images, num_classes, dataset.test_share)
        train_images = num_images - test_images
    else:
        train_images, test_images = num_images, len(found.test.files)
    counted = {
        "num_classes": num_classes,
        "train_images": train_images,
        "test_images": test_images,
    }
    files = (*found.train.files, *(found.test.files if found.test else ()))
    cache = user_cache_path("ensemble_switchover") / "arrays"
    memory = cache if dataset.cache is None else Path(dataset.cache).expanduser()
    for key, count in counted.items():
        given = getattr(dataset, key)
        if given not in (0, count):
            raise ConfigError(f"dataset.{key}={given}: {root} has {count}; leave the key out")
    return replace(
        dataset,
        num_classes=num_classes,
        train_images=train_images,
        test_images=test_images,
        test_share=dataset.test_share if found.test is None else 0.0,
        content=digest_of_contents(root, files, memory),
    )


def dataset_problems(dataset: DatasetConfig) -> list[str]:
    """Return what is wrong with a data set's keys."""
    problems = []
    if dataset.num_classes < MIN_CLASSES:
        problems.append(
            f"dataset.num_classes={dataset.num_classes}: expected {MIN_CLASSES} or more"
        )
    for key, value in (("channels", dataset.channels), ("image_size", dataset.image_size)):
        if value < 1:
            problems.append(f"dataset.{key}={value}: expected 1 or more")
    if dataset.image_size > MAX_IMAGE_SIZE:
        problems.append(
            f"dataset.image_size={dataset.image_size}: expected at most {MAX_IMAGE_SIZE}"
        )
    if dataset.url is not None and not dataset.url.startswith(("http://", "https://")):
        problems.append(f"dataset.url={dataset.url}: expected http://... or https://...")
    told = {problem.partition("=")[0] for problem in problems}
    return [
        *problems,
        *(text for key, text in _published_problems(dataset).items() if key not in told),
        *_size_problems(dataset),
        *_augmentation_problems(dataset),
        *_own_problems(dataset),
    ]


def training_images(dataset: DatasetConfig) -> int:
    """Return how many images the set has for training, with the options that it has."""
    extra = dataset.extra_images if isinstance(dataset, SvhnConfig) and dataset.extra else 0
    return dataset.train_images + extra


def split_sizes(dataset: DatasetConfig) -> SplitSizes:
    """Return how many images are trained on, held out and measured on."""
    train = training_images(dataset) if dataset.train_size is None else dataset.train_size
    test = dataset.test_images if dataset.test_size is None else dataset.test_size
    held_out = dataset.validation_size or 0
    on = evaluated_on(dataset)
    return SplitSizes(train - held_out, held_out, 0 if on == "validation" else test, on)


def evaluated_on(dataset: DatasetConfig) -> str:
    """Return `validation` where images are held out for it and nothing else is asked for."""
    if dataset.evaluate_on is not None:
        return dataset.evaluate_on
    return "test" if dataset.validation_size is None else "validation"


def idle_keys(dataset: DatasetConfig) -> list[str]:
    """Return the keys of a data set that decide nothing, as the others stand."""
    idle = []
    if dataset.augmentation == "none":
        idle += ["crop_padding", "flip"]
    if dataset.augmentation != "randaugment":
        idle += ["randaugment_ops", "randaugment_magnitude"]
    if isinstance(dataset, FolderConfig):
        idle.append("skip_bad")
        if dataset.test_share == 0:  # a test folder is given
            idle.append("test_share")
    if not _is_drawn(dataset):
        idle.append("split_seed")
    return idle


def without_idle(dataset: DatasetConfig) -> DatasetConfig:
    """Return the data set with keys that decide nothing at 0, so that equal uses are equal."""
    neutral: dict[str, Any] = {"crop_padding": 0, "flip": False, "split_seed": 0}
    idle = idle_keys(dataset)
    return replace(dataset, **{key: neutral[key] for key in neutral if key in idle})


def own_options(dataset: DatasetConfig) -> dict[str, Any]:
    """Return what a set has beyond the keys of every set, such as a generator's difficulty."""
    own = {option.name for option in fields(dataset)}
    own -= {option.name for option in fields(DatasetConfig)}
    own -= set(idle_keys(dataset))
    return {name: getattr(dataset, name) for name in sorted(own)}


def decisive(dataset: DatasetConfig) -> dict[str, Any]:
    """Return what decides the images and their use, as plain values."""
    values = asdict(dataset)
    for key in (*excluded_of("dataset"), "evaluate_on", *idle_keys(dataset)):
        values.pop(key, None)
    used = split_sizes(dataset)
    values.update(train_size=used.train, validation_size=used.validation, test_size=used.test)
    return values


def _is_drawn(dataset: DatasetConfig) -> bool:
    """Tell whether the split seed chooses any images."""
    used = split_sizes(dataset)
    in_part = used.train + used.validation != training_images(dataset)
    if used.evaluated_on == "test":
        in_part |= used.test != dataset.test_images
    splits_off = isinstance(dataset, FolderConfig) and dataset.test_share > 0
    return dataset.pooled or used.validation > 0 or in_part or splits_off


def _size_problems(dataset: DatasetConfig) -> list[str]:
    problems = []
    used = split_sizes(dataset)
    least = dataset.num_classes
    train = used.train + used.validation
    for key, size, available in (
        ("train_size", train, training_images(dataset)),
        ("test_size", used.test, dataset.test_images),
    ):
        untouched = key == "test_size" and used.evaluated_on == "validation"
        if not untouched and not least <= size <= available:
            problems.append(
                f"dataset.{key}={size}: expected {least} (an image a class) "
                f"to {available}, the images that {dataset.name} has"
            )
    if dataset.pooled and not problems and train + used.test > dataset.train_images:
        problems.append(
            f"dataset.train_size={train} dataset.test_size={used.test}: expected at most "
            f"{dataset.train_images} together, the images that {dataset.name} has"
        )
    held_out = dataset.validation_size
    if held_out is None:
        if dataset.evaluate_on == "validation":
            problems.append("dataset.evaluate_on=validation: expected dataset.validation_size=...")
    elif not problems and not least <= held_out <= train - least:
        problems.append(
            f"dataset.validation_size={held_out}: expected {least} (an image a class) to "
            f"{train - least}, so that as many are left of the {train} training images"
        )
    return problems


@cache
def published_facts(name: str) -> dict[str, Any]:
    """Return what the YAML of a published set says of its images; nothing of other sets."""
    path = conf_folder() / "dataset" / f"{name}.yaml"
    if name in COUNTED or not path.exists():
        return {}
    stated = OmegaConf.load(path)
    assert isinstance(stated, DictConfig)
    return {key: stated[key] for key in PUBLISHED_FACTS if key in stated}


def _published_problems(dataset: DatasetConfig) -> dict[str, str]:
    return {
        f"dataset.{key}": f"dataset.{key}={given}: expected {value}, as {dataset.name} has it; "
        f"leave the key out"
        for key, value in published_facts(dataset.name).items()
        if (given := getattr(dataset, key, value)) != value
    }


def _own_problems(dataset: DatasetConfig) -> list[str]:
    problems = []
    if isinstance(dataset, FractalsConfig):
        if not 0 <= dataset.difficulty <= 1:
            problems.append(f"dataset.difficulty={dataset.difficulty}: expected 0 to 1")
        problems += [
            f"dataset.{key}={getattr(dataset, key)}: expected {value}, as the images are drawn"
            for key, value in DRAWN_FRACTALS.items()
            if getattr(dataset, key) != value
        ]
        if dataset.generator_seed < 0:
            problems.append(f"dataset.generator_seed={dataset.generator_seed}: expected 0 or more")
    if isinstance(dataset, FolderConfig) and dataset.channels not in (1, 3):
        problems.append(
            f"dataset.channels={dataset.channels}: expected 3 (colour) or 1 (grey), to which the "
            f"images are converted"
        )
    return problems


def _augmentation_problems(dataset: DatasetConfig) -> list[str]:
    problems = []
    if not 1 <= dataset.randaugment_ops <= RANDAUGMENT_OPERATIONS:
        problems.append(
            f"dataset.randaugment_ops={dataset.randaugment_ops}: "
            f"expected 1 to {RANDAUGMENT_OPERATIONS}"
        )
    if dataset.augmentation != "none" and dataset.crop_padding > dataset.image_size:
        problems.append(
            f"dataset.crop_padding={dataset.crop_padding}: expected at most "
            f"{dataset.image_size}, the side of an image"
        )
    if not 0 <= dataset.randaugment_magnitude <= MAX_MAGNITUDE:
        problems.append(
            f"dataset.randaugment_magnitude={dataset.randaugment_magnitude}: "
            f"expected 0 to {MAX_MAGNITUDE}"
        )
    if dataset.augmentation == "randaugment" and dataset.channels not in (1, 3):
        problems.append(
            f"dataset.augmentation=randaugment: expected images of 1 or 3 channels, those of "
            f"{dataset.name} have {dataset.channels}"
        )
    return problems
