"""Sets of four idx files: where they are found, and whether they are the published ones."""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.sources.idx_set import IdxSet
from ensemble_switchover.errors import ConfigError, DataError
from tests.idx_files import PARTS, TINY_TEST, TINY_TRAIN, TinySet, idx_bytes, md5

PUBLISHED = {name: source for name, source in SOURCES.items() if isinstance(source, IdxSet)}


@pytest.fixture(params=["fashion_mnist", "mnist", "kmnist"])
def tiny(request, server, monkeypatch):
    return TinySet(PUBLISHED[request.param], server, monkeypatch)


@pytest.fixture
def fashion(server, monkeypatch):
    return TinySet(PUBLISHED["fashion_mnist"], server, monkeypatch)


@pytest.fixture
def make_config(compose_config, tmp_path):
    def make(name, **changes):
        facts = {
            "root": str(tmp_path / "sets"),
            "cache": str(tmp_path / "arrays"),
            "train_images": TINY_TRAIN,
            "test_images": TINY_TEST,
        }
        return replace(compose_config(f"dataset={name}").dataset, **{**facts, **changes})

    return make


def load(config):
    return load_dataset(config, TINY_TRAIN, TINY_TEST)


def test_there_are_three_such_sets():
    assert set(PUBLISHED) == {"fashion_mnist", "mnist", "kmnist"}


def test_what_is_absent_is_downloaded_into_a_folder_of_the_sets_own(
    tiny, make_config, server, tmp_path
):
    split = load(make_config(tiny.name))
    tiny.check(split)
    assert split.class_names == PUBLISHED[tiny.name].class_names
    assert [name for name, _ in server.requests] == [tiny.names[part] for part in PARTS]
    folder = tmp_path / "sets" / tiny.name
    assert (folder / tiny.names["train_images"]).read_bytes() == tiny.packed["train_images"]


def test_a_download_cut_half_way_is_taken_up_again_and_what_came_is_kept(
    fashion, make_config, server, tmp_path
):
    fashion.put(tmp_path / "sets" / "fashion_mnist", parts=["train_labels"])
    half = len(fashion.packed["train_images"]) // 2
    server.cut_after = [half]
    fashion.check(load(make_config("fashion_mnist")))
    images, tests = fashion.names["train_images"], fashion.names["test_images"]
    assert server.requests[:3] == [(images, None), (images, f"bytes={half}-"), (tests, None)]


def test_a_mirror_is_asked_in_place_of_the_publisher(fashion, make_config, server):
    server.files.update(
        {f"other/{name}": server.files.pop(name) for name in fashion.names.values()}
    )
    fashion.check(load(make_config("fashion_mnist", url=f"{server.address}/other/")))
    assert {name.partition("/")[0] for name, _ in server.requests} == {"other"}


FOLDERS = {"root": "", "own": "{name}", "torchvision": "{torchvision}/raw"}


@pytest.mark.parametrize("where", FOLDERS)
@pytest.mark.parametrize("form", ["published", "anew", "plain"])
def test_files_are_found_wherever_people_keep_them(
    where, form, fashion, make_config, server, tmp_path
):
    below = FOLDERS[where].format(name="fashion_mnist", torchvision="FashionMNIST")
    fashion.put(tmp_path / "sets" / below, plain=form == "plain", anew=form == "anew")
    fashion.check(load(make_config("fashion_mnist")))
    assert server.requests == []


def test_the_cache_is_the_same_whichever_way_the_files_came(fashion, make_config, server, tmp_path):
    (tmp_path / "a").mkdir()
    fashion.put(tmp_path / "b", plain=True)
    arrays = tmp_path / "arrays"
    load(make_config("fashion_mnist", root=str(tmp_path / "a")))
    (written,) = arrays.glob("fashion_mnist-*/manifest.json")
    first = written.read_bytes()
    written.unlink()
    load(make_config("fashion_mnist", root=str(tmp_path / "b")))
    assert [path.read_bytes() for path in arrays.glob("fashion_mnist-*/manifest.json")] == [first]


def test_packed_and_plain_files_may_lie_in_one_folder(tiny, make_config, server, tmp_path):
    # as torchvision leaves them: the packed one, which alone has a checksum of KMNIST, is read
    folder = tmp_path / "sets" / tiny.source.torchvision_folder / "raw"
    tiny.put(folder)
    tiny.put(folder, plain=True)
    tiny.check(load(make_config(tiny.name)))
    assert server.requests == []


def test_debians_folder_is_read_where_the_root_has_no_files(
    server, monkeypatch, make_config, tmp_path, log_lines
):
    debians = tmp_path / "debian"
    tiny = TinySet(PUBLISHED["fashion_mnist"], server, monkeypatch, debians)
    tiny.put(debians, anew=True)
    tiny.check(load(make_config("fashion_mnist")))
    assert server.requests == []
    assert log_lines[-1] == f"dataset=fashion_mnist: reading the files in {debians}"


def test_the_users_own_files_come_before_debians(server, monkeypatch, make_config, tmp_path):
    debians = tmp_path / "debian"
    tiny = TinySet(PUBLISHED["fashion_mnist"], server, monkeypatch, debians)
    tiny.put(tmp_path / "sets")
    debians.mkdir()
    for name in tiny.names.values():
        (debians / name).write_bytes(b"junk")
    tiny.check(load(make_config("fashion_mnist")))


def test_without_files_and_server_the_ways_to_get_them_are_named(
    tiny, make_config, server, tmp_path
):
    server.files.clear()
    with pytest.raises(DataError) as error:
        load(make_config(tiny.name))
    names = " and ".join(tiny.names.values())
    debians = ", or install Debian's dataset-fashion-mnist" if "fashion" in tiny.name else ""
    assert f"; put {names} into {tmp_path / 'sets' / tiny.name}, or set dat" in str(error.value)
    assert str(error.value).endswith(f"to a folder with {names}{debians}")


def test_a_folder_with_some_of_the_files_is_named(fashion, make_config, tmp_path):
    fashion.put(tmp_path / "sets", parts=PARTS[:2])
    with pytest.raises(DataError) as error:
        load(make_config("fashion_mnist"))
    assert str(error.value) == (
        f"dataset=fashion_mnist: {tmp_path / 'sets'} has train-images-idx3-ubyte.gz, but no "
        f"t10k-images-idx3-ubyte.gz and no t10k-labels-idx1-ubyte.gz; put all 4 files there, or "
        f"none"
    )


def test_a_root_that_is_a_file_is_named(compose_config, tmp_path):
    root = tmp_path / "train-images-idx3-ubyte"
    root.write_bytes(b"")
    with pytest.raises(ConfigError, match=rf"^dataset\.root={root}: expected a folder"):
        resolve(compose_config("dataset=fashion_mnist", f"dataset.root={root}"))


def damage(path, how):
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-30], "empty": b"", "junk": b"<html>"}[how])


@pytest.mark.parametrize("how", ["cut", "empty", "junk"])
@pytest.mark.parametrize("plain", [True, False])
def test_a_damaged_file_is_one_clear_error(how, plain, fashion, make_config, tmp_path):
    fashion.put(tmp_path / "sets", plain=plain)
    name = fashion.names["test_images"]
    path = tmp_path / "sets" / (name.removesuffix(".gz") if plain else name)
    damage(path, how)
    with pytest.raises(DataError, match="put the published file in its place") as error:
        load(make_config("fashion_mnist"))
    assert str(error.value).startswith(f"{path}: expected ")
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "arrays").glob("*/manifest.json"))


@pytest.mark.parametrize(
    ("part", "other", "message"),
    [
        ("train_images", "test_images",
         "expected 40 images of 28x28 pixels, it has 20 images of 28x28 pixels"),
        ("test_labels", "train_labels", "expected 20 labels, it has 40 labels"),
        ("train_labels", "train_images",
         "expected 40 labels in idx format, .* begins with 00 00 08 03, as one of images does"),
        ("test_images", "test_labels",
         "expected 20 images in idx format, .* begins with 00 00 08 01, as one of labels does"),
    ],
)  # fmt: skip
def test_swapped_files_are_named(part, other, message, fashion, make_config, tmp_path):
    fashion.put(tmp_path / "sets")
    path = tmp_path / "sets" / fashion.names[part]
    path.write_bytes(fashion.packed[other])
    with pytest.raises(DataError, match=message) as error:
        load(make_config("fashion_mnist"))
    assert str(error.value).startswith(f"{path}: ")


def test_fewer_labels_than_images_are_named(fashion, make_config, tmp_path):
    fashion.put(tmp_path / "sets", plain=True)
    path = tmp_path / "sets" / "train-labels-idx1-ubyte"
    path.write_bytes(idx_bytes(fashion.arrays["train_labels"][:39]))
    with pytest.raises(DataError, match=rf"^{path}: expected 40 labels, it has 39 labels; put"):
        load(make_config("fashion_mnist"))


def test_a_label_out_of_range_is_named(fashion, make_config, tmp_path):
    fashion.put(tmp_path / "sets", plain=True)
    labels = fashion.arrays["train_labels"].copy()
    labels[7] = 10
    path = tmp_path / "sets" / "train-labels-idx1-ubyte"
    path.write_bytes(idx_bytes(labels))
    with pytest.raises(DataError, match=rf"^{path}: expected labels from 0 to 9, it has 10; put"):
        load(make_config("fashion_mnist"))


@pytest.mark.parametrize("packed", [True, False])
def test_other_bytes_of_the_same_form_are_named_with_both_checksums(
    packed, fashion, make_config, tmp_path
):
    fashion.put(tmp_path / "sets", plain=not packed)
    other = idx_bytes(np.zeros((TINY_TRAIN, 28, 28), np.uint8))
    name = "train-images-idx3-ubyte" + ".gz" * packed
    (tmp_path / "sets" / name).write_bytes(gzip.compress(other) if packed else other)
    with pytest.raises(DataError) as error:
        load(make_config("fashion_mnist"))
    assert str(error.value) == (
        f"dataset=fashion_mnist: {tmp_path / 'sets' / name} is another file; expected MD5 "
        f"{md5(fashion.contents['train_images'])} of the unpacked bytes, found {md5(other)}; put "
        f"fashion_mnist's own train-images-idx3-ubyte.gz into {tmp_path / 'sets/fashion_mnist'}, "
        f"with the other three"
    )


@pytest.mark.parametrize("plain", [True, False])
def test_of_a_set_without_checksums_of_unpacked_files_the_published_ones_alone_are_taken(
    plain, server, monkeypatch, make_config, tmp_path
):
    tiny = TinySet(PUBLISHED["kmnist"], server, monkeypatch)
    tiny.put(tmp_path / "sets", plain=plain, anew=not plain)
    with pytest.raises(DataError) as error:
        load(make_config("kmnist"))
    expected = md5(tiny.packed["train_images"])
    assert f"as it is published, packed, with MD5 {expected}, since no checksum" in str(error.value)


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist", "kmnist"])
@pytest.mark.parametrize("family", ["resnet", "densenet", "wide_resnet", "vgg"])
def test_a_run_composes_and_says_that_table_a_has_no_row(name, family, compose_config):
    spec = resolve(compose_config(f"arch={family}", f"dataset={name}"))
    assert (spec.train_size, spec.test_size) == (60_000, 10_000)
    assert (spec.dataset.channels, spec.dataset.image_size, spec.dataset.num_classes) == (1, 28, 10)
    (note,) = (note for note in spec.notes if "Table A" in note)
    row = "ResNet's row of CIFAR-10" if family == "vgg" else "the row of CIFAR-10"
    assert note == f"Table A has no row for {family} on {name}; used is {row}"
    known = resolve(compose_config(f"arch={family}", "dataset=cifar10")).recipe
    found = spec.recipe
    assert (found.epochs, found.drops) == (known.epochs, known.drops)
    assert (found.batch_size, found.weight_decay) == (known.batch_size, known.weight_decay)
