"""Tiny ImageNet, downloaded from a local server as a tiny archive with the published file tree."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover.data import load_dataset
from ensemble_switchover.data.load import SOURCES
from ensemble_switchover.data.sources.download import md5_of
from ensemble_switchover.data.sources.tiny_imagenet import TINY_IMAGENET
from ensemble_switchover.errors import DataError

CLASSES = ["n02124075", "n01443537", "n07695742"]  # not in order, as in the true wnids.txt
WORDS = "n01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\nn99999999\tnothing\n"
TOP = "tiny-imagenet-200"


def jpeg(number, mode="RGB", size=64):
    generator = np.random.default_rng(number)
    shape = (size, size) if mode == "L" else (size, size, 3)
    coarse = Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def tree():
    """Make the files of 4 training and 2 test images per class, one of which is grey."""
    files = {"wnids.txt": "\n".join(CLASSES), "words.txt": WORDS}
    rows = []
    for position, wnid in enumerate(CLASSES):
        for number in range(4):
            grey = "L" if number == 1 else "RGB"
            name = f"train/{wnid}/images/{wnid}_{number}.JPEG"
            files[name] = jpeg(10 * position + number, grey)
        files[f"train/{wnid}/{wnid}_boxes.txt"] = f"{wnid}_0.JPEG\t0\t0\t9\t9\n"
        for number in (position, 7 + position):
            files[f"val/images/val_{number}.JPEG"] = jpeg(100 + number)
            rows.append(f"val_{number}.JPEG\t{wnid}\t0\t0\t62\t62")
    files["val/val_annotations.txt"] = "\n".join(reversed(rows)) + "\n"
    files["test/images/test_0.JPEG"] = jpeg(7)
    return files


@pytest.fixture
def serve(server, tmp_path, monkeypatch):
    def serve(files, extra=()):
        path = tmp_path / "archive"
        with zipfile.ZipFile(path, "w") as archive:
            archive.mkdir(TOP)
            for name, content in files.items():
                archive.writestr(f"{TOP}/{name}", content)
            for name, content in extra:
                archive.writestr(name, content)
        server.files["tiny-imagenet-200.zip"] = path.read_bytes()
        url = f"{server.address}/tiny-imagenet-200.zip"
        tiny = replace(TINY_IMAGENET.archive, url=url, md5=md5_of(path))
        monkeypatch.setitem(SOURCES, "tiny_imagenet", replace(TINY_IMAGENET, archive=tiny))

    return serve


@pytest.fixture
def config(compose_config, tmp_path):
    return replace(
        compose_config("dataset=tiny_imagenet").dataset,
        root=str(tmp_path / "sets"),
        cache=str(tmp_path / "arrays"),
        num_classes=3,
        train_images=12,
        test_images=6,
    )


def pixels_of(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1)


def test_images_and_labels_are_those_of_the_tree(serve, config):
    files = tree()
    serve(files)
    split = load_dataset(config, 12, 6)
    order = sorted(CLASSES)
    trained = sorted(name for name in files if name.startswith("train/") and "JPEG" in name)
    for image, label, name in zip(split.train.images, split.train.labels, trained, strict=True):
        assert np.array_equal(image, pixels_of(files[name]))
        assert order[label] == name.split("/")[1]
    annotated = dict(row.split("\t")[:2] for row in files["val/val_annotations.txt"].splitlines())
    tested = sorted(name for name in files if name.startswith("val/images/"))
    for image, label, name in zip(split.test.images, split.test.labels, tested, strict=True):
        assert np.array_equal(image, pixels_of(files[name]))
        assert order[label] == annotated[name.removeprefix("val/images/")]
    assert split.class_names == ("goldfish", "Egyptian cat", "n07695742")


def test_a_grey_image_has_three_equal_channels(serve, config):
    serve(tree())
    image = load_dataset(config, 12, 6).train.images[1]
    assert len(np.unique(image)) > 20
    assert (image[0] == image[1]).all()
    assert (image[0] == image[2]).all()


def test_a_download_cut_half_way_is_taken_up_again(serve, config, server):
    serve(tree())
    half = len(server.files["tiny-imagenet-200.zip"]) // 2
    server.cut_after = [half]
    assert len(load_dataset(config, 12, 6).train) == 12
    assert [asked for _, asked in server.requests] == [None, f"bytes={half}-"]


def test_an_archive_with_a_path_that_escapes_is_refused(serve, config, tmp_path):
    serve(tree(), [(f"{TOP}/../../outside", b"out")])
    with pytest.raises(DataError, match="leads outside of the archive; refused"):
        load_dataset(config, 12, 6)
    assert not list(tmp_path.rglob("outside"))


IMAGE = "train/n01443537/images/n01443537_2.JPEG"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({IMAGE: b"junk"}, f"{IMAGE} cannot be read as an image"),
        ({IMAGE: jpeg(0)[:700]}, f"{IMAGE} cannot be read as an image"),
        ({IMAGE: jpeg(0, size=32)}, f"{IMAGE}: expected 64x64 pixels, found 32x32"),
        ({IMAGE: None}, "expected 12 training images, found 11"),
        ({"wnids.txt": None}, "expected tiny-imagenet-200/wnids.txt in it, found none"),
        ({"val/val_annotations.txt": None}, "expected tiny-imagenet-200/val/val_annotations.txt"),
        ({"val/val_annotations.txt": "val_0.JPEG\tn01443537\n"},
         "belongs to none of the 3 classes"),
        ({"wnids.txt": "\n".join(CLASSES[:2])}, "belongs to none of the 2 classes"),
    ],
)  # fmt: skip
def test_a_tree_that_is_not_the_published_one_is_one_clear_error(changed, message, serve, config):
    files = {**tree(), **changed}
    serve({name: content for name, content in files.items() if content is not None})
    with pytest.raises(DataError, match=message) as error:
        load_dataset(config, 12, 6)
    assert "\n" not in str(error.value)
