"""Which folders are read as training and test images, and what is said of others."""

import shlex
import tarfile
import zipfile

import pytest

from ensemble_switchover.config.folder_layout import find_layout
from ensemble_switchover.config.image_folder import read_image_folder
from ensemble_switchover.errors import ConfigError
from tests.config.image_folders import make_files

TWO = {"cat": 2, "dog": 2}


def make_parts(root, *parts):
    for part in parts:
        make_files(root / part, TWO)
    return root


@pytest.mark.parametrize(
    ("train", "test"),
    [
        *(("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"), ("Training", "Testing")),
        *(("train", "val"), ("train", "valid"), ("train", "validation"), ("Train", "Val")),
        *(("training_set", "test_set"), ("seg_train", "seg_test"), ("train2017", "val2017")),
        *(("Trainset", "Testset"), ("x_train", "x_valid"), ("train ", "test")),
    ],
)
def test_parts_are_read_as_what_they_are_called(train, test, tmp_path):
    found = find_layout(make_parts(tmp_path, train, test))
    assert (found.train, found.test) == (train, test)
    said = f"the images in {test} are used as the test images"
    assert found.remarks == (() if test.lower() in {"test", "testing"} else (said,))


@pytest.mark.parametrize("other", ["test tube", "latest", "testa", "valley"])
def test_a_class_whose_name_has_the_word_of_a_part_in_it_is_a_class(other, tmp_path):
    found = find_layout(make_files(tmp_path, {"train station": 2, other: 2}))
    assert (found.train, found.test) == ("", None)


def test_parts_without_classes_are_not_taken_for_classes(tmp_path):
    root = make_files(tmp_path, {"train_images": 2, "test_images": 2})
    with pytest.raises(
        ConfigError, match=r"folders or more in \S+/train_images, one a class; found"
    ):
        read_image_folder(root)


def test_test_images_of_no_class_are_told_with_what_can_be_tested_on(tmp_path):
    root = make_files(make_parts(tmp_path, "train", "val"), {"test": 3})
    with pytest.raises(ConfigError) as error:
        find_layout(root)
    assert "test has 3 files of no class, which cannot be tested on" in str(error.value)
    assert "move it out of this folder, and val is tested on" in str(error.value)
    assert f"give \"dataset.root='{tmp_path}/train'\", of which test" in str(error.value)


def test_training_images_alone_may_be_split(tmp_path):
    with pytest.raises(ConfigError, match="has no folder test") as error:
        find_layout(make_parts(tmp_path, "train"))
    assert f"give \"dataset.root='{tmp_path}/train'\", of which test" in str(error.value)


def test_images_beside_the_classes_are_mentioned(tmp_path):
    root = make_files(tmp_path, TWO)
    for name in ("1.JPG", "2.png", "README.txt"):
        (root / name).write_bytes(b"1")
    said = "not used: 2 images beside the folders of the classes"
    assert find_layout(root).remarks == (said,)


def test_a_folder_that_is_not_used_is_mentioned(tmp_path):
    found = find_layout(make_parts(tmp_path, "train", "test", "valid", "extra", "__MACOSX"))
    assert (found.train, found.test) == ("train", "test")
    assert found.remarks == ("not used: extra and valid, beside train and test",)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("Train", "train", "test"), "has the folders Train and train, all of them names of train"),
        (("train", "test", "Testing"), "has the folders Testing and test, all of them names of te"),
        (("train", "val", "valid"), "has the folders val and valid, all of them names of validati"),
        (("train",), "has no folder test; expected train and test, or one folder a class"),
        (("test", "val"), "has no folder train; expected train and test, or one folder a class"),
        (("train", "car", "bus"), "if train is a class, give it another name"),
    ],
)
def test_what_is_not_plain_is_refused(parts, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        find_layout(make_parts(tmp_path, *parts))
    assert message in str(error.value)


@pytest.mark.parametrize("inner", ["photos", "my photos", "photos/2024", "data/train set"])
def test_images_that_lie_deeper_are_pointed_at(inner, tmp_path):
    make_files(tmp_path / inner, TWO)
    (tmp_path / "README.txt").write_text("read me")
    with pytest.raises(ConfigError) as error:
        find_layout(tmp_path)
    (option,) = shlex.split(str(error.value).partition("; give ")[2])
    assert option == f"dataset.root='{tmp_path / inner}'"


def test_a_whole_data_set_that_lies_deeper_is_pointed_at(tmp_path):
    make_parts(tmp_path / "dataset", "train", "test")
    with pytest.raises(ConfigError, match=rf"give \"dataset.root='{tmp_path}/dataset'\"$"):
        find_layout(tmp_path)


def test_the_unpacked_tiny_imagenet_is_known(tmp_path):
    root = tmp_path / "tiny-imagenet-200"
    make_files(root / "train", {"n01/images": 2, "n02/images": 2})
    make_files(root, {"val/images": 2, "test/images": 2})
    (root / "val" / "val_annotations.txt").write_text("0.png\tn01\n")
    with pytest.raises(ConfigError) as error:
        find_layout(root)
    given = f"give dataset=tiny_imagenet \"dataset.root='{tmp_path}'\", the folder of"
    assert given in str(error.value)


def test_an_archive_is_to_be_unpacked(tmp_path):
    packed = tmp_path / "my photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("cat/0.png", b"")
    with pytest.raises(ConfigError) as error:
        find_layout(packed)
    folder = tmp_path / "my photos"
    assert f"my photos.zip is an archive; unpack it (unzip '{packed}' -d '{folder}')" in str(
        error.value
    )
    with pytest.raises(ConfigError, match=r"my photos.zip is an archive"):
        find_layout(tmp_path)
    other = tmp_path / "photos.tar.gz"
    with tarfile.open(other, "w:gz"):
        pass
    with pytest.raises(ConfigError, match=r"tar -xf \S+photos.tar.gz -C"):
        find_layout(other)
    (tmp_path / "note").write_text("no archive")
    with pytest.raises(ConfigError, match="expected a folder of images, it is a file"):
        find_layout(tmp_path / "note")


@pytest.mark.parametrize("name", ["dog", "train", "Test"])
def test_a_broken_link_in_place_of_a_folder_is_named(name, tmp_path):
    make_files(tmp_path, {"cat": 2, "bird": 2})
    (tmp_path / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError) as error:
        find_layout(tmp_path)
    assert f"{tmp_path / name} is a link to {tmp_path / 'nowhere'}, which is not there" in str(
        error.value
    )
    assert "remove" not in str(error.value)
