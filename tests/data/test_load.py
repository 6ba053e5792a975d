"""Loading a data set, with and without validation images."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ensemble_switchover.config.dataset_folders import dataset_root
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.area_means import area_means
from ensemble_switchover.data.load import SOURCES, load_whole_dataset
from ensemble_switchover.data.normalisation import pixel_moments
from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.hardware import PROCESS_BYTES


def rows(images):
    return {image.numpy().tobytes() for image in images}


@pytest.fixture
def digits(compose_config):
    return compose_config("dataset=digits").dataset


def test_held_out_images_are_not_trained_on(digits):
    whole = load_dataset(digits, 300, 1497)
    found = load_dataset(digits, 240, 0, validation_size=60)
    assert (len(found.train), len(found.test)) == (240, 60)
    assert rows(found.train.images) | rows(found.test.images) == rows(whole.train.images)
    assert not rows(found.train.images) & rows(found.test.images)
    assert not rows(found.test.images) & rows(whole.test.images)


def test_the_test_images_stay_the_same_beside_them(digits):
    whole = load_dataset(digits, 300, 1497)
    found = load_dataset(digits, 240, 1497, validation_size=60)
    held_out = load_dataset(digits, 240, 0, validation_size=60)
    assert (found.test.images == whole.test.images).all()
    assert (found.train.images == held_out.train.images).all()


def test_the_classes_keep_their_shares_and_the_seed_decides(digits):
    found = load_dataset(digits, 400, 0, validation_size=100)
    counts = np.bincount(found.test.labels)
    assert counts.sum() == 100
    assert counts.min() >= 9
    assert counts.max() <= 11
    digits.split_seed = 1
    other = load_dataset(digits, 400, 0, validation_size=100)
    assert rows(other.test.images) != rows(found.test.images)


def test_a_set_too_large_for_the_memory_is_named(digits, monkeypatch):
    def decode(*arguments):
        raise MemoryError

    monkeypatch.setattr("ensemble_switchover.data.load.load_whole_dataset", decode)
    with pytest.raises(DataError, match="dataset=digits: its images do not fit into the memory"):
        load_dataset(digits, 300, 1497)


@pytest.mark.parametrize("name", ["digits", "fractals"])
def test_a_set_that_the_limit_on_memory_cannot_hold_is_refused_before_it_is_made(
    name, compose_config, monkeypatch
):
    config = compose_config(f"dataset={name}", "dataset.image_size=8").dataset
    monkeypatch.setattr("ensemble_switchover.data.load.main_memory_bytes", lambda: PROCESS_BYTES)
    with pytest.raises(DataError, match=rf"dataset={name}: its [\d,]+ decoded images take "):
        load_whole_dataset(config)


def test_without_a_home_files_have_no_folder_unless_it_is_named(
    compose_config, monkeypatch, tmp_path
):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", os.devnull)
    config = compose_config("dataset=cifar10").dataset
    with pytest.raises(
        DataError, match=r"dataset=cifar10: no home folder is known .* dataset\.root="
    ):
        load_whole_dataset(config)
    assert dataset_root(replace(config, cache=str(tmp_path))) == tmp_path / "datasets"
    assert (
        len(load_whole_dataset(compose_config("dataset=digits").dataset).arrays.class_names) == 10
    )


class Noise(DatasetSource):
    """A source that counts how often it is decoded."""

    def __init__(self, num_images=40):
        generator = np.random.default_rng(0)
        self.images = generator.integers(0, 256, (num_images, 3, 32, 32), dtype=np.uint8)
        self.decoded = 0

    def identity(self, config, root):
        return "noise"

    def decode(self, config, root):
        self.decoded += 1
        images, labels = self.images.copy(), np.arange(len(self.images)) % 10
        return DatasetArrays(images, labels, images[:20], labels[:20], tuple("0123456789"))


@pytest.fixture
def noise(compose_config, monkeypatch, tmp_path):
    """Replace CIFAR-10 by noise; return its source, and the configuration at a size."""
    source = Noise()
    monkeypatch.setitem(SOURCES, "cifar10", source)

    def at(side, **changes):
        config = compose_config("dataset=cifar10").dataset
        known = {"cache": str(tmp_path), "train_images": 40, "test_images": 20}
        return replace(config, **{**known, "image_size": side, **changes})

    return source, at


def test_smaller_images_are_means_over_areas_with_moments_of_their_own(noise):
    source, at = noise
    found = load_dataset(at(12), 40, 20)
    assert np.array_equal(found.train.images, area_means(source.images, 12))
    assert np.array_equal(found.test.images, area_means(source.images[:20], 12))
    assert np.array_equal(found.train.moments, pixel_moments(found.train.images.numpy()))
    assert np.array_equal(found.train.labels, load_dataset(at(32), 40, 20).train.labels)


def test_a_set_is_decoded_once_for_all_sizes_and_each_is_kept(noise, tmp_path, log_lines):
    source, at = noise
    for side in (16, 32, 16, 12, 12):
        assert load_dataset(at(side), 40, 20).train.images.shape == (40, 3, side, side)
    assert source.decoded == 1
    kept = {path.parent.name for path in tmp_path.glob("*/manifest.json")}
    assert kept == {"noise", "noise-averaged-16", "noise-averaged-12"}
    assert len(log_lines) == 3
    path = tmp_path / "noise-averaged-16" / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-1])
    again = load_dataset(at(16), 40, 20)
    assert np.array_equal(again.train.images, area_means(source.images, 16))
    assert source.decoded == 1


def test_another_name_for_the_files_of_a_set_is_reduced_from_the_same_arrays(noise, tmp_path):
    source, at = noise
    load_dataset(at(32), 40, 20)
    load_dataset(at(16, name="part", base="cifar10"), 40, 20)
    load_dataset(at(16), 40, 20)
    assert source.decoded == 1
    assert len(list(tmp_path.glob("*/manifest.json"))) == 2


def test_what_is_held_at_the_same_time_is_counted(noise, tmp_path, monkeypatch):
    source, at = noise
    whole, reduced = 60 * 3 * 32**2, 60 * 3 * 24**2
    limits = "ensemble_switchover.data.load.main_memory_bytes"

    def refused(config, available):
        monkeypatch.setattr(limits, lambda: PROCESS_BYTES + available)
        with pytest.raises(DataError, match="dataset=cifar10: its 60 decoded images") as error:
            load_whole_dataset(config)
        assert "image_size" not in str(error.value)  # a smaller one would need the whole ones too

    refused(at(24), whole - 1)
    assert source.decoded == 0
    monkeypatch.setattr(limits, lambda: PROCESS_BYTES + whole)
    load_whole_dataset(at(24))  # the whole images are mapped before they are reduced
    refused(at(25), 60 * 3 * 25**2 - 1)
    (tmp_path / "file").touch()
    unwritable = at(24, cache=str(tmp_path / "file" / "inside"))
    refused(unwritable, whole + reduced - 1)
    monkeypatch.setattr(limits, lambda: PROCESS_BYTES + whole + reduced)
    load_whole_dataset(unwritable)


@pytest.mark.parametrize("name", ["digits", "fractals"])
def test_sets_without_files_are_reduced_alike(name, compose_config, tmp_path):
    overrides = [f"dataset={name}", f"dataset.cache={tmp_path}"]
    if name == "fractals":
        overrides += ["dataset.train_images=40", "dataset.test_images=20"]
    whole = load_whole_dataset(compose_config(*overrides).dataset).arrays
    small = load_whole_dataset(compose_config(*overrides, "dataset.image_size=5").dataset).arrays
    assert np.array_equal(small.train_images, area_means(whole.train_images, 5))
    assert np.array_equal(small.test_images, area_means(whole.test_images, 5))


def mapped_file(tensor):
    """Return the file that a tensor's memory is mapped from, according to the kernel."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, _, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        if start <= tensor.data_ptr() < end:
            return name[0] if name else ""
    return ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of mappings")
def test_the_whole_set_is_mapped_and_a_subset_is_not(
    tmp_path, compose_config, monkeypatch, log_lines
):
    monkeypatch.setitem(SOURCES, "cifar10", Noise())
    config = replace(
        compose_config("dataset=cifar10").dataset,
        cache=str(tmp_path),
        train_images=40,
        test_images=20,
    )
    whole = load_dataset(config, 40, 20)
    assert len(log_lines) == 1
    assert mapped_file(whole.train.images) == str(tmp_path / "noise" / "train_images.npy")
    assert mapped_file(whole.test.images) == str(tmp_path / "noise" / "test_images.npy")
    part = load_dataset(config, 30, 20).train
    assert len(log_lines) == 1
    assert not mapped_file(part.images).startswith(str(tmp_path))
    assert np.array_equal(part.moments, pixel_moments(part.images.numpy()))
