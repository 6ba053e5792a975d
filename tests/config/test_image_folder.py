"""Listing a folder of images by its names."""

import os

import pytest

from ensemble_switchover.config.image_folder import read_image_folder
from ensemble_switchover.errors import ConfigError


def make(root, *names, content="x"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


SPLIT = ("train/cat/2.png", "train/cat/10.png", "train/dog/a.jpg", "test/cat/3.png", "test/dog/b")


def test_train_and_test_are_listed_in_order(tmp_path):
    found = read_image_folder(make(tmp_path, *SPLIT))
    assert found.class_names == ("cat", "dog")
    assert found.train.files == ("train/cat/10.png", "train/cat/2.png", "train/dog/a.jpg")
    assert found.train.labels == (0, 0, 1)
    assert found.test.files == ("test/cat/3.png", "test/dog/b")
    assert found.test.labels == (0, 1)


def test_one_folder_is_listed_whole(tmp_path):
    found = read_image_folder(make(tmp_path, "b/1", "b/2", "a/1", "a/2"))
    assert (found.class_names, found.test) == (("a", "b"), None)
    assert found.train.files == ("a/1", "a/2", "b/1", "b/2")


def test_clutter_is_not_taken_for_images(tmp_path):
    plain = read_image_folder(make(tmp_path / "plain", *SPLIT))
    clutter = (".DS_Store", "train/.hidden/x", "train/cat/Thumbs.db", "test/dog/.b", "notes.txt")
    found = read_image_folder(make(tmp_path / "cluttered", *SPLIT, *clutter))
    assert found == plain


def test_the_content_depends_on_names_and_sizes_and_not_on_the_place(tmp_path):
    first = read_image_folder(make(tmp_path / "one", *SPLIT)).content
    assert read_image_folder(make(tmp_path / "two", *SPLIT)).content == first
    others = [
        read_image_folder(make(tmp_path / "more", *SPLIT, "train/cat/new")).content,
        read_image_folder(make(tmp_path / "size", *SPLIT, content="xx")).content,
        read_image_folder(make(tmp_path / "name", *SPLIT[:-1], "test/dog/c")).content,
    ]
    assert len({first, *others}) == 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "expected 2 folders or more in {root}, one a class; found 0"),
        (("a/1", "a/2"), "expected 2 folders or more in {root}, one a class; found 1"),
        (("1.png", "2.png"), "expected 2 folders or more in {root}, one a class; found 0"),
        (("a/1", "a/2", "b/1"), "class b has 1 files in {root}/b; expected at least two images"),
        (("train/a/1", "train/b/1"), "has no folder test; expected train and test"),
        (("test/a/1", "test/b/1"), "has no folder train; expected train and test"),
        (("train/a/1", "train/b/1", "test/a/1", "test/c/1"), "train lacks c"),
        (("train/a/1", "train/b/1", "train/c/1", "test/a/1", "test/b/1"), "test lacks c"),
        ((*SPLIT, "train/empty/.keep", "test/empty/1"), "class empty has 0 files in {root}/train/"),
    ],
)
def test_what_is_missing_is_named(names, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        read_image_folder(make(tmp_path, *names))
    assert str(error.value).startswith(f"dataset.root={tmp_path}: ")
    assert message.format(root=tmp_path) in str(error.value)


def test_an_unreadable_class_is_named(tmp_path, monkeypatch):
    make(tmp_path, "a/1", "a/2", "b/1", "b/2")
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read anything
    with pytest.raises(ConfigError, match=r"/b cannot be read \(Permission denied\)"):
        read_image_folder(tmp_path)


def test_links_lead_to_classes_and_never_in_circles(tmp_path):
    make(tmp_path / "elsewhere", "1", "2")
    root = make(tmp_path / "root", "a/1", "a/2")
    (root / "b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "a" / "loop").symlink_to(root, target_is_directory=True)
    (root / "a" / "broken").symlink_to(root / "nowhere")
    found = read_image_folder(root)
    assert found.train.files == ("a/1", "a/2", "a/broken", "a/loop", "b/1", "b/2")
