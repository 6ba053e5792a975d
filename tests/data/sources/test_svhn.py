"""SVHN, downloaded from a local server as tiny files in MATLAB's format."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.io
import torch
from torchvision import datasets

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.sources.download import md5_of
from ensemble_switchover.data.sources.svhn import SVHN
from ensemble_switchover.errors import DataError
from ensemble_switchover.training.assemble import augmentation_of

SIZES = {"train": 40, "test": 20, "extra": 30}


@pytest.fixture
def parts(server, tmp_path, monkeypatch):
    """Serve three tiny files, and return their images (32, 32, 3, N) and labels."""
    generator = np.random.default_rng(0)
    parts, files = {}, {}
    for part, size in SIZES.items():
        pixels = generator.integers(0, 256, (32, 32, 3, size), dtype=np.uint8)
        labels = np.array([1 + number % 10 for number in range(size)], dtype=np.uint8)[:, None]
        parts[part] = pixels, labels
        published = getattr(SVHN, part)
        path = tmp_path / published.name
        scipy.io.savemat(path, {"X": pixels, "y": labels}, do_compression=True)
        server.files[published.name] = path.read_bytes()
        url = f"{server.address}/{published.name}"
        files[part] = replace(published, url=url, md5=md5_of(path))
    monkeypatch.setitem(SOURCES, "svhn", replace(SVHN, **files))
    return parts


@pytest.fixture
def make_config(compose_config, tmp_path):
    def make(*overrides):
        return replace(
            compose_config("dataset=svhn", *overrides).dataset,
            root=str(tmp_path / "sets"),
            cache=str(tmp_path / "arrays"),
            train_images=SIZES["train"],
            test_images=SIZES["test"],
        )

    return make


def check(images, *parts):
    pixels = np.concatenate([pixels for pixels, _ in parts], axis=3)
    labels = np.concatenate([labels for _, labels in parts])[:, 0]
    assert images.images.shape == (len(labels), 3, 32, 32)
    for number in range(len(labels)):
        assert np.array_equal(images.images[number].permute(1, 2, 0), pixels[..., number])
        assert images.labels[number] == (0 if labels[number] == 10 else labels[number])


def names_of(requests):
    return [name for name, _ in requests]


def test_the_published_facts_are_torchvisions():
    for part, (url, name, md5) in datasets.SVHN.split_list.items():
        ours = getattr(SVHN, part)
        assert (ours.url, ours.name, ours.md5) == (url, name, md5)


def test_training_and_test_images_are_downloaded_and_read(parts, make_config, server):
    split = load_dataset(make_config(), 40, 20)
    check(split.train, parts["train"])
    check(split.test, parts["test"])
    assert split.class_names == tuple("0123456789")
    assert names_of(server.requests) == ["train_32x32.mat", "test_32x32.mat"]


def test_torchvision_reads_the_same(parts, make_config, monkeypatch):
    config = make_config()
    split = load_dataset(config, 40, 20)
    source = SOURCES["svhn"]
    monkeypatch.setattr(
        datasets.SVHN,
        "split_list",
        {part: [f.url, f.name, f.md5] for part in SIZES for f in [getattr(source, part)]},
    )
    for ours, part in ((split.train, "train"), (split.test, "test")):
        theirs = datasets.SVHN(config.root, split=part)
        assert np.array_equal(ours.images, theirs.data)
        assert np.array_equal(ours.labels, theirs.labels)


def test_extra_images_come_after_the_training_images_and_are_kept_apart(parts, make_config, server):
    without = load_dataset(make_config(), 40, 20)
    config = replace(make_config("dataset.extra=true"), extra_images=SIZES["extra"])
    split = load_dataset(config, 70, 20)
    check(split.train, parts["train"], parts["extra"])
    check(split.test, parts["test"])
    assert torch.equal(load_dataset(make_config(), 40, 20).train.images, without.train.images)
    assert names_of(server.requests).count("train_32x32.mat") == 1


def test_extra_images_count_as_training_images(compose_config):
    spec = resolve(compose_config("dataset=svhn", "dataset.extra=true"))
    assert (spec.train_size, spec.test_size) == (73_257 + 531_131, 26_032)
    assert resolve(compose_config("dataset=svhn")).train_size == 73_257


def test_images_are_as_in_the_papers_of_the_families(compose_config):
    # Huang et al. 2017, section 4.1; Zagoruyko & Komodakis 2016, section 3
    for family in ("densenet", "wide_resnet", "resnet"):
        spec = resolve(compose_config(f"arch={family}", "dataset=svhn"))
        assert augmentation_of(spec) is None
        assert spec.dataset.normalisation == "scaled"


def test_a_download_cut_half_way_is_taken_up_again(parts, make_config, server):
    half = len(server.files["train_32x32.mat"]) // 2
    server.cut_after = [half]
    check(load_dataset(make_config(), 40, 20).train, parts["train"])
    assert server.requests[:2] == [
        ("train_32x32.mat", None), ("train_32x32.mat", f"bytes={half}-"),
    ]  # fmt: skip


def swap(server, make_config, monkeypatch, tmp_path, content):
    """Serve another training file with its checksum."""
    path = tmp_path / "swapped"
    if isinstance(content, dict):
        scipy.io.savemat(path, content, appendmat=False)
    else:
        path.write_bytes(content)
    server.files["train_32x32.mat"] = path.read_bytes()
    source = SOURCES["svhn"]
    swapped = replace(source, train=replace(source.train, md5=md5_of(path)))
    monkeypatch.setitem(SOURCES, "svhn", swapped)
    return load_dataset(make_config(), 40, 20)


PIXELS = np.zeros((32, 32, 3, 40), dtype=np.uint8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"junk" * 100, "cannot be read as a MATLAB file"),
        (b"", "cannot be read as a MATLAB file"),
        ({"y": np.ones((40, 1))}, r"expected X with bytes of 32x32x3xN, found float64 of shape"),
        ({"X": PIXELS[:8], "y": np.ones((40, 1), np.uint8)},
         r"expected X with .*, found uint8 of shape \(8, 32, 3, 40\)"),
        ({"X": PIXELS.astype(float), "y": np.ones((40, 1), np.uint8)}, "found float64"),
        ({"X": PIXELS, "y": np.ones((39, 1), np.uint8)}, "expected y with 40 labels"),
        ({"X": PIXELS}, "expected y with 40 labels"),
        ({"X": PIXELS, "y": np.ones((40, 1), np.uint8)},
         "expected 10 classes among the training images, found 1"),
        ({"X": PIXELS[..., :30], "y": np.ones((30, 1), np.uint8)},
         "expected 40 training images, found 30"),
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_one_clear_error(
    content, message, parts, server, make_config, monkeypatch, tmp_path
):
    with pytest.raises(DataError, match=message) as error:
        swap(server, make_config, monkeypatch, tmp_path, content)
    assert "\n" not in str(error.value)
