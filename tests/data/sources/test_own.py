"""Data sets of a user's own: what their functions may return."""

import numpy as np
import pytest
import torch
from PIL import Image

from ensemble_switchover.config.dataset_config import OwnDatasetConfig
from ensemble_switchover.data import load_dataset
from ensemble_switchover.errors import ConfigError, DataError

LABELS = np.arange(12) % 3
GREY = np.random.default_rng(0).integers(0, 256, (12, 1, 6, 6), dtype=np.uint8)
COLOUR = GREY.repeat(3, axis=1)


class Items:
    """A data set as torchvision has them."""

    def __init__(self, images, labels=LABELS, classes=None):
        self.items = list(zip(images, labels, strict=True))
        self.classes = classes

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def made(kind, wrong=False):
    """Return the images of the tests in one of several forms."""
    forms = {
        "arrays": lambda: (GREY, LABELS),
        "tensors": lambda: (torch.from_numpy(GREY), torch.from_numpy(LABELS)),
        "floats": lambda: (GREY / 255, LABELS),
        "pillow": lambda: Items([Image.fromarray(image[0]) for image in GREY], classes=list("abc")),
        "colour pillow": lambda: Items([Image.fromarray(i.transpose(1, 2, 0)) for i in COLOUR]),
        "items": lambda: Items(list(GREY)),
        "flat items": lambda: Items(list(GREY[:, 0])),
        "tensor items": lambda: Items([torch.from_numpy(i).float() / 255 for i in GREY]),
        "small": lambda: Items(list(GREY[:, :, :5, :5])),
        "signed": lambda: (GREY.astype(int), LABELS),
        "wide": lambda: (GREY[..., :5], LABELS),
        "named": lambda: Items(list(GREY), labels=list("abc") * 4),
        "triples": lambda: [(image, 0, 0) for image in GREY],
        "unsized": lambda: iter(GREY),
    }
    part = forms[kind]()
    return part if wrong else (part, part)


def config(kind, **changes):
    known = {"channels": 1, "image_size": 6, "num_classes": 3, "train_images": 12}
    target = {"_target_": f"{__name__}.made", "arguments": {"kind": kind}}
    return OwnDatasetConfig(**{"name": "own", "test_images": 12, **known, **target, **changes})


def load(given):
    return load_dataset(given, 12, 12)


@pytest.mark.parametrize(
    "kind", ["arrays", "tensors", "floats", "pillow", "items", "flat items", "tensor items"]
)
def test_every_form_is_the_same_images(kind):
    split = load(config(kind))
    assert np.array_equal(split.train.images, GREY)
    assert np.array_equal(split.test.images, GREY)
    assert np.array_equal(split.train.labels, LABELS)
    assert split.class_names == (("a", "b", "c") if kind == "pillow" else ("0", "1", "2"))
    assert split.content == load(config("arrays")).content


def test_images_of_pillow_get_the_channels_of_the_facts():
    assert np.array_equal(load(config("pillow", channels=3)).train.images, COLOUR)
    assert np.array_equal(load(config("colour pillow", channels=1)).train.images, GREY)


def test_one_pool_is_no_pair():
    pooled = config("arrays", pooled=True, test_images=0)
    pooled.arguments["wrong"] = True
    assert len(load_dataset(pooled, 6, 6).test) == 6


def test_other_images_than_before_are_refused():
    content = load(config("arrays")).content
    assert len(load(config("arrays", content=content)).train) == 12
    with pytest.raises(DataError, match=r"dataset.content=0: .*made returns images of the content"):
        load(config("arrays", content="0"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (config("small"), r"expected a training image 0 of \(1, 6, 6\), and one of \(1, 5, 5\)"),
        (config("signed"), "expected training pixels as uint8, or between 0 and 1, and int64 of"),
        (config("wide"), r"expected training images \(N, 1, 6, 6\) and labels"),
        (config("unsized"), "expected training images with a length"),
        (config("items", arguments={"kind": "items", "wrong": True}), "to return a pair"),
        (
            config("named"),
            "label of training image 0 to be a whole number from 0 to 2, and 'a'",
        ),
        (
            config("triples"),
            "item 0 to be a pair of an image and a label, and a tuple of 3",
        ),
        (config("arrays", train_images=13), "expected 13 training images, found 12"),
        (config("arrays", num_classes=4), "expected 4 classes"),
    ],
)
def test_other_images_than_the_facts_say_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        load(given)


def test_a_function_that_fails_is_one_sentence():
    with pytest.raises(ConfigError, match=r"dataset._target_=.*made: .*foo"):
        load(config("arrays", arguments={"foo": 1}))
